import { readFileSync } from "node:fs";
import { act, renderHook } from "@testing-library/react";
import { buildSchema, type DocumentNode, graphql, parse, print } from "graphql";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useUnread } from "../../../app/chats/useUnread.ts";
import type { ChatSummaryFragment, LatestMessageFragment } from "../../../app/documents.ts";

const POLL_MS = 3_000;
const schema = buildSchema(readFileSync("../schema.graphql", "utf8"));
// The server's limits on a document.
const MAX_ALIASES = 30;
const MAX_TOKENS = 1_000;

/** The chat IDs of each query. */
let queries: string[][];
/** The latest messages of each chat. */
let latest: Record<string, LatestMessageFragment[]>;
let fails: boolean;
/** Releases the responses that `hold` holds back. */
let release: (() => void) | undefined;
let holding: Promise<void> | undefined;

const rootValue = {
  chat: ({ id }: { id: string }) => ({ id, messages: { edges: (latest[id] ?? []).map((node) => ({ node })) } }),
};

const client = {
  async query({ query, variables }: { query: DocumentNode; variables: Record<string, string> }) {
    const source = print(query);
    parse(source, { maxTokens: MAX_TOKENS });
    queries.push(Object.values(variables));
    await holding;
    if (fails) throw new TypeError("fetch failed");
    return graphql({ schema, source, variableValues: variables, rootValue });
  },
};
vi.mock("../../../app/session/session.ts", () => ({ useSession: () => ({ client }) }));

beforeEach(() => {
  vi.useFakeTimers();
  queries = [];
  latest = {};
  fails = false;
  holding = undefined;
  localStorage.setItem("twotrack.read.ann", JSON.stringify({ since: "2026-11-22T10:00:00Z", chats: {} }));
  window.dispatchEvent(Object.assign(new Event("storage"), { key: null }));
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function hold(): void {
  holding = new Promise((resolve) => {
    release = resolve;
  });
}

const chat = (id: string, revision = 1): ChatSummaryFragment => ({
  id,
  title: id,
  revision,
  updatedAt: "2026-11-22T10:05:00Z",
});

const message = (streaming = false): LatestMessageFragment => ({
  id: "message",
  streaming,
  createdAt: "2026-11-22T10:05:00Z",
  author: null,
});

function renderList(...chats: ChatSummaryFragment[]) {
  const { result, rerender } = renderHook((list: ChatSummaryFragment[]) => useUnread("ann", list, undefined), {
    initialProps: chats,
  });
  return { unread: () => [...result.current.unread], update: (...list: ChatSummaryFragment[]) => rerender(list) };
}

const wait = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));

test("one query fetches all chats that have changed, at once", async () => {
  latest = { plans: [message()], recipes: [], music: [message()] };
  const { unread } = renderList(chat("plans"), chat("recipes"), chat("music"));
  await wait(0);
  expect(queries).toEqual([["plans", "recipes", "music"]]);
  expect(unread()).toEqual(["plans", "music"]);
  await wait(10 * POLL_MS);
  expect(queries).toHaveLength(1);
});

test("one query polls all chats with a streaming reply, until it is finished", async () => {
  latest = { plans: [message(true)], recipes: [message(true)], music: [message()] };
  const { unread } = renderList(chat("plans"), chat("recipes"), chat("music"));
  await wait(0);
  await wait(POLL_MS);
  expect(queries.slice(1)).toEqual([["plans", "recipes"]]);
  latest.plans = [message()];
  await wait(POLL_MS);
  expect(unread()).toEqual(["plans", "music"]);
  await wait(POLL_MS);
  expect(queries.slice(3)).toEqual([["recipes"]]);
});

test("a failed query is retried with the next poll", async () => {
  latest = { plans: [message()] };
  fails = true;
  const { unread } = renderList(chat("plans"));
  await wait(0);
  await wait(POLL_MS);
  expect(queries).toHaveLength(2);
  expect(unread()).toEqual([]);
  fails = false;
  await wait(POLL_MS);
  expect(unread()).toEqual(["plans"]);
  await wait(10 * POLL_MS);
  expect(queries).toHaveLength(3);
});

test("a chat stays unread while its newer messages cannot be fetched", async () => {
  latest = { plans: [message()] };
  const { unread, update } = renderList(chat("plans"));
  await wait(0);
  fails = true;
  update(chat("plans", 2));
  await wait(POLL_MS);
  expect(unread()).toEqual(["plans"]);
});

test("chats that change while a query is pending are fetched right after it", async () => {
  latest = { plans: [message(true)], recipes: [message()] };
  hold();
  const { unread, update } = renderList(chat("plans"));
  await wait(3 * POLL_MS);
  update(chat("plans"), chat("recipes"));
  await wait(POLL_MS);
  expect(queries).toEqual([["plans"]]);
  release?.();
  await wait(0);
  expect(queries).toEqual([["plans"], ["recipes", "plans"]]);
  await wait(0);
  expect(unread()).toEqual(["recipes"]);
});

test("more chats than the server's limit are fetched in several queries", async () => {
  const chats = Array.from({ length: MAX_ALIASES + 1 }, (_, index) => chat(`chat ${index}`));
  renderList(...chats);
  await wait(0);
  await wait(0);
  expect(queries.map((ids) => ids.length)).toEqual([MAX_ALIASES, 1]);
});

test("a hidden page does not poll", async () => {
  latest = { plans: [message(true)] };
  renderList(chat("plans"));
  await wait(0);
  const visibility = vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");
  await wait(10 * POLL_MS);
  expect(queries).toHaveLength(1);
  visibility.mockReturnValue("visible");
  await wait(POLL_MS);
  expect(queries).toHaveLength(2);
});
