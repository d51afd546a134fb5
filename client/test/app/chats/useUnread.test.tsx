import { readFileSync } from "node:fs";
import { act, renderHook } from "@testing-library/react";
import { buildSchema, type DocumentNode, graphql, parse, print } from "graphql";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useNews } from "../../../app/chats/useUnread.ts";
import type { ChatHeadFragment, GlanceFragment } from "../../../app/documents.ts";

const ROUND_MS = 3_000;
const schema = buildSchema(readFileSync("../schema.graphql", "utf8"));
// What a server takes, as in api/schema/documents.py.
const ALIASES = 30;
const TOKENS = 1_000;

/** Each query's chats, in order. */
let asked: string[][];
/** What there is to read in each chat. */
let latest: Record<string, GlanceFragment[]>;
let fails: boolean;
/** Lets the answers go that wait. */
let release: (() => void) | undefined;
let holding: Promise<void> | undefined;

const rootValue = {
  chat: ({ id }: { id: string }) => ({ id, messages: { edges: (latest[id] ?? []).map((node) => ({ node })) } }),
};

const client = {
  async query({ query, variables }: { query: DocumentNode; variables: Record<string, string> }) {
    const source = print(query);
    parse(source, { maxTokens: TOKENS });
    asked.push(Object.values(variables));
    await holding;
    if (fails) throw new TypeError("fetch failed");
    return graphql({ schema, source, variableValues: variables, rootValue });
  },
};
vi.mock("../../../app/session/session.ts", () => ({ useSession: () => ({ client }) }));

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  latest = {};
  fails = false;
  holding = undefined;
  localStorage.setItem("twotrack.seen.ann", JSON.stringify({ since: "2026-11-22T10:00:00Z", chats: {} }));
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

const chat = (id: string, revision = 1): ChatHeadFragment => ({
  id,
  title: id,
  revision,
  updatedAt: "2026-11-22T10:05:00Z",
});

const message = (streaming = false): GlanceFragment => ({
  id: "message",
  streaming,
  createdAt: "2026-11-22T10:05:00Z",
  author: null,
});

function look(...chats: ChatHeadFragment[]) {
  const { result, rerender } = renderHook((heads: ChatHeadFragment[]) => useNews("ann", heads, undefined), {
    initialProps: chats,
  });
  return { marked: () => [...result.current.news], becomes: (...heads: ChatHeadFragment[]) => rerender(heads) };
}

const pass = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));

test("all that has moved is asked for at once, by one query", async () => {
  latest = { plans: [message()], recipes: [], music: [message()] };
  const { marked } = look(chat("plans"), chat("recipes"), chat("music"));
  await pass(0);
  expect(asked).toEqual([["plans", "recipes", "music"]]);
  expect(marked()).toEqual(["plans", "music"]);
  await pass(10 * ROUND_MS);
  expect(asked).toHaveLength(1);
});

test("all in which a reply is being written is asked for again by one query, until it is finished", async () => {
  latest = { plans: [message(true)], recipes: [message(true)], music: [message()] };
  const { marked } = look(chat("plans"), chat("recipes"), chat("music"));
  await pass(0);
  await pass(ROUND_MS);
  expect(asked.slice(1)).toEqual([["plans", "recipes"]]);
  latest.plans = [message()];
  await pass(ROUND_MS);
  expect(marked()).toEqual(["plans", "music"]);
  await pass(ROUND_MS);
  expect(asked.slice(3)).toEqual([["recipes"]]);
});

test("what could not be asked is asked again with the next round", async () => {
  latest = { plans: [message()] };
  fails = true;
  const { marked } = look(chat("plans"));
  await pass(0);
  await pass(ROUND_MS);
  expect(asked).toHaveLength(2);
  expect(marked()).toEqual([]);
  fails = false;
  await pass(ROUND_MS);
  expect(marked()).toEqual(["plans"]);
  await pass(10 * ROUND_MS);
  expect(asked).toHaveLength(3);
});

test("a mark stays while it cannot be asked whether there is more", async () => {
  latest = { plans: [message()] };
  const { marked, becomes } = look(chat("plans"));
  await pass(0);
  fails = true;
  becomes(chat("plans", 2));
  await pass(ROUND_MS);
  expect(marked()).toEqual(["plans"]);
});

test("nothing is asked while an answer is awaited, and what moved meanwhile right after it", async () => {
  latest = { plans: [message(true)], recipes: [message()] };
  hold();
  const { marked, becomes } = look(chat("plans"));
  await pass(3 * ROUND_MS);
  becomes(chat("plans"), chat("recipes"));
  await pass(ROUND_MS);
  expect(asked).toEqual([["plans"]]);
  release?.();
  await pass(0);
  expect(asked).toEqual([["plans"], ["recipes", "plans"]]);
  await pass(0);
  expect(marked()).toEqual(["recipes"]);
});

test("of more than a server takes at once, the rest is asked for right after", async () => {
  const chats = Array.from({ length: ALIASES + 1 }, (_, index) => chat(`chat ${index}`));
  look(...chats);
  await pass(0);
  await pass(0);
  expect(asked.map((ids) => ids.length)).toEqual([ALIASES, 1]);
});

test("while nobody looks at the page, what is being written is not asked for", async () => {
  latest = { plans: [message(true)] };
  look(chat("plans"));
  await pass(0);
  const looking = vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");
  await pass(10 * ROUND_MS);
  expect(asked).toHaveLength(1);
  looking.mockReturnValue("visible");
  await pass(ROUND_MS);
  expect(asked).toHaveLength(2);
});
