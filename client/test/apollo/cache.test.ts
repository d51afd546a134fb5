import { type FetchPolicy, gql } from "@apollo/client";
import { parse } from "graphql";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import WebSocket from "ws";
import { createTwotrackClient, TwotrackCache, type TwotrackClient } from "../../src/apollo/index.ts";
import { LiveMessageFragmentDoc, MessageStreamDocument } from "../../src/core/documents.ts";
import { TestServer } from "../server.ts";

/** Queries for the same page, written in different ways. */
const QUERIES = {
  "without aliases": gql`
    query Chat {
      chat(id: "chat-1") { id messages(last: 30) { revision edges { node { id revision content } } } }
    }
  `,
  "with aliases": gql`
    query Chat {
      chat(id: "chat-1") { id messages(last: 30) { revision edges { node { id rev: revision text: content } } } }
    }
  `,
  "with an alias for the id too": gql`
    query Chat {
      chat(id: "chat-1") { id messages(last: 30) { revision edges { node { key: id rev: revision text: content } } } }
    }
  `,
  "with a fragment": gql`
    query Chat {
      chat(id: "chat-1") { id messages(last: 30) { revision edges { node { ...Row } } } }
    }
    fragment Row on Message { id revision content }
  `,
};

const POLICIES: FetchPolicy[] = ["cache-first", "network-only"];

let server: TestServer;
let client: TwotrackClient;

beforeEach(async () => {
  server = await TestServer.start();
  client = createTwotrackClient({ url: server.url, fetch: server.fetch, webSocketImpl: WebSocket });
});
afterEach(async () => {
  client.stop();
  await server.stop();
});

const cached = () =>
  client.readFragment({ fragment: LiveMessageFragmentDoc, from: { __typename: "Message", id: "message-1" } });

/** Streams message-1 through the cache until a frame has this text. */
async function followUntil(content: string): Promise<void> {
  await new Promise<void>((done) => {
    const following = client
      .subscribe({ query: MessageStreamDocument, variables: { id: "message-1" } })
      .subscribe(({ data }) => {
        if (data?.messageStream.content !== content) return;
        following.unsubscribe();
        done();
      });
  });
}

const textOf = (data: unknown): string => {
  const { chat } = data as { chat: { messages: { edges: { node: Record<string, string> }[] } } };
  const node = chat.messages.edges[0]?.node;
  return (node?.content ?? node?.text) as string;
};

describe.each(Object.entries(QUERIES))("a query %s", (_, query) => {
  test.each(POLICIES)("keeps the newer text if a %s fetch is answered late", async (fetchPolicy) => {
    server.add({ status: "STREAMING", content: "old", revision: 1 });
    server.holding.add("Chat");
    const late = client.query({ query, fetchPolicy: fetchPolicy as "network-only" });
    await expect.poll(() => server.held.length).toBe(1);
    server.frame("message-1", { content: "new" });
    await followUntil("new");
    server.held[0]?.release();
    expect(textOf((await late).data)).toBe("new");
    expect(cached()).toMatchObject({ content: "new", revision: 2 });
  });

  test("keeps the newer text if its refetch is answered late, and so does the promise of refetch()", async () => {
    server.add({ status: "STREAMING", content: "old", revision: 1 });
    const page = client.watchQuery({ query });
    const watching = page.subscribe(() => {});
    await expect.poll(() => page.getCurrentResult().loading).toBe(false);
    server.holding.add("Chat");
    const late = page.refetch();
    await expect.poll(() => server.held.length).toBe(1);
    server.frame("message-1", { content: "new" });
    await followUntil("new");
    server.held[0]?.release();
    expect(textOf((await late).data)).toBe("new");
    expect(textOf(page.getCurrentResult().data)).toBe("new");
    watching.unsubscribe();
  });
});

const notes = { type: "Note", field: "noteStream", poll: "note" };

describe.each([
  ["a message, whose stream every cache knows", "Message", () => new TwotrackCache()],
  ["a note, whose stream the cache was given", "Note", () => new TwotrackCache({ streams: [notes] })],
])("a write of %s", (_, type, create) => {
  const fragment = parse(`fragment Text on ${type} { id revision text }`);
  const from = { __typename: type, id: "1" };
  let cache: TwotrackCache;

  beforeEach(() => {
    cache = create();
  });

  const write = (revision: number, text: string) =>
    cache.writeFragment({ fragment, data: { ...from, revision, text } });
  const stored = (optimistic = false) => (cache.extract(optimistic) as Record<string, unknown>)[`${type}:1`];

  test.each([2, 1])("with revision %i replaces the text of revision 1", (revision) => {
    write(1, "first");
    write(revision, "second");
    expect(stored()).toMatchObject({ revision, text: "second" });
  });

  test("with a lower revision changes nothing and notifies no watcher", () => {
    write(2, "second");
    const received: unknown[] = [];
    cache.watchFragment({ fragment, from }).subscribe(({ data }) => received.push(data));
    write(1, "first");
    expect(stored()).toMatchObject({ revision: 2, text: "second" });
    write(3, "third");
    expect(received).toMatchObject([{ text: "second" }, { text: "third" }]);
  });

  test("with a lower revision still adds the fields that were not stored", () => {
    write(2, "second");
    cache.writeFragment({
      fragment: parse(`fragment Model on ${type} { id revision model }`),
      data: { ...from, revision: 1, model: "scripted" },
    });
    expect(stored()).toMatchObject({ revision: 2, text: "second", model: "scripted" });
  });

  test("follows the same rule in an optimistic layer, and leaves with its layer", () => {
    write(2, "second");
    cache.recordOptimisticTransaction(() => void write(1, "first"), "late");
    expect(stored(true)).toMatchObject({ text: "second" });
    cache.recordOptimisticTransaction(() => void write(3, "edited"), "edit");
    expect(stored(true)).toMatchObject({ text: "edited" });
    cache.removeOptimistic("edit");
    cache.removeOptimistic("late");
    expect(stored(true)).toMatchObject({ text: "second", revision: 2 });
  });
});

test("a write of a type without a stream takes the last text, whatever its revision", () => {
  const cache = new TwotrackCache();
  const fragment = parse(`fragment Text on Note { id revision text }`);
  for (const [revision, text] of [
    [2, "second"],
    [1, "first"],
  ])
    cache.writeFragment({ fragment, data: { __typename: "Note", id: "1", revision, text } });
  expect(cache.extract()["Note:1"]).toMatchObject({ revision: 1, text: "first" });
});

test("a fragment on the interface Streamed is read from every streamed type", () => {
  const cache = new TwotrackCache({ streams: [notes] });
  for (const __typename of ["Message", "Note"]) {
    const row = { __typename, id: "1", revision: 7 };
    cache.writeFragment({ fragment: parse(`fragment Row on ${__typename} { id revision }`), data: row });
    const fragment = parse(`fragment Any on Streamed { revision }`);
    expect(cache.readFragment({ fragment, from: { __typename, id: "1" } })).toMatchObject({ revision: 7 });
  }
});

describe("gc()", () => {
  const isKept = () => "Message:message-1" in (client.cache.extract() as object);

  test.each([
    ["keeps a streamed message that a page shows", ["chat-1"], true],
    ["removes a streamed message that no page shows", [], false],
  ])("%s", async (_, pages, kept) => {
    server.add({ status: "STREAMING", content: "old", revision: 1 });
    for (const _ of pages) await client.query({ query: QUERIES["without aliases"] });
    server.frame("message-1", { content: "new" });
    await followUntil("new");
    expect(isKept()).toBe(true);
    client.cache.gc();
    expect(isKept()).toBe(kept);
  });
});

test("a connection with @connection(key: …) is stored separately", async () => {
  for (const content of ["one", "two", "three"]) server.add({ content });
  const preview = gql`
    query Preview {
      chat(id: "chat-1") {
        id
        messages(last: 1) @connection(key: "preview") { revision edges { node { id revision content } } }
      }
    }
  `;
  await client.query({ query: QUERIES["without aliases"] });
  await client.query({ query: preview });
  const { data } = await client.query<{ chat: { messages: { edges: unknown[] } } }>({
    query: QUERIES["without aliases"],
  });
  expect(data?.chat.messages.edges).toHaveLength(3);
});
