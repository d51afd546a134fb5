import { type FetchPolicy, gql } from "@apollo/client";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import WebSocket from "ws";
import { createTwotrackClient, type TwotrackClient } from "../../src/apollo/index.ts";
import { LiveMessageFragmentDoc, MessageStreamDocument } from "../../src/core/documents.ts";
import { TestServer } from "../server.ts";

/** The same page, asked for in the ways that teams ask. */
const QUERIES = {
  plainly: gql`
    query Chat {
      chat(id: "chat-1") { id messages(last: 30) { revision edges { node { id revision content } } } }
    }
  `,
  "under aliases": gql`
    query Chat {
      chat(id: "chat-1") { id messages(last: 30) { revision edges { node { id rev: revision text: content } } } }
    }
  `,
  "with the id under an alias too": gql`
    query Chat {
      chat(id: "chat-1") { id messages(last: 30) { revision edges { node { key: id rev: revision text: content } } } }
    }
  `,
  "through a fragment": gql`
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

/** Follows message-1 until the cache holds this text. */
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
  const { node } = (data as { chat: { messages: { edges: { node: Record<string, string> }[] } } }).chat.messages
    .edges[0] as { node: Record<string, string> };
  return (node.content ?? node.text) as string;
};

describe.each(Object.entries(QUERIES))("a page that asks %s", (_, query) => {
  test.each(POLICIES)("keeps the newer text when a %s fetch answers late", async (fetchPolicy) => {
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

  test("keeps the newer text when its refetch answers late, and the promise brings it too", async () => {
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

describe("a write", () => {
  const stored = (optimistic: boolean) =>
    (client.cache.extract(optimistic) as Record<string, unknown>)["Message:message-1"];
  const write = (revision: number, content: string) =>
    client.writeFragment({
      fragment: gql`fragment Text on Message { id revision content }`,
      data: { __typename: "Message", id: "message-1", revision, content },
    });
  const text = () =>
    client.readFragment<{ content: string; revision: number }>({
      fragment: gql`fragment Text on Message { id revision content }`,
      from: { __typename: "Message", id: "message-1" },
    });

  test.each([2, 1])("with revision %i replaces the text of revision 1", (revision) => {
    write(1, "first");
    write(revision, "second");
    expect(text()?.content).toBe("second");
  });

  test("with a lower revision does not, and tells no watcher", async () => {
    write(2, "second");
    const heard: unknown[] = [];
    const watching = client
      .watchFragment({
        fragment: gql`fragment Text on Message { id revision content }`,
        from: { __typename: "Message", id: "message-1" },
      })
      .subscribe((result) => heard.push(result.data));
    await expect.poll(() => heard.length).toBe(1);
    write(1, "first");
    await Promise.resolve();
    expect(heard).toHaveLength(1);
    expect(text()).toMatchObject({ content: "second", revision: 2 });
    watching.unsubscribe();
  });

  test("with a lower revision still brings the fields that were unknown", () => {
    write(2, "second");
    client.writeFragment({
      fragment: gql`fragment Model on Message { id revision model }`,
      data: { __typename: "Message", id: "message-1", revision: 1, model: "scripted" },
    });
    expect(stored(false)).toMatchObject({
      revision: 2,
      model: "scripted",
      content: "second",
    });
  });

  test("in an optimistic layer is bound by the same rule, and leaves with its layer", () => {
    write(2, "second");
    client.cache.recordOptimisticTransaction((cache) => {
      cache.writeFragment({
        fragment: gql`fragment Text on Message { id revision content }`,
        data: { __typename: "Message", id: "message-1", revision: 1, content: "first" },
      });
    }, "late");
    const optimistic = () => stored(true);
    expect(optimistic()).toMatchObject({ content: "second" });
    client.cache.recordOptimisticTransaction((cache) => {
      cache.writeFragment({
        fragment: gql`fragment Text on Message { id revision content }`,
        data: { __typename: "Message", id: "message-1", revision: 3, content: "edited" },
      });
    }, "edit");
    expect(optimistic()).toMatchObject({ content: "edited" });
    client.cache.removeOptimistic("edit");
    client.cache.removeOptimistic("late");
    expect(optimistic()).toMatchObject({ content: "second", revision: 2 });
  });
});

describe("a message that was followed", () => {
  const isKept = () => "Message:message-1" in (client.cache.extract() as object);

  test.each([
    ["is kept while a page has it", ["chat-1"], true],
    ["is forgotten with its page", [], false],
  ])("%s", async (_, pages, kept) => {
    server.add({ status: "STREAMING", content: "old", revision: 1 });
    for (const _ of pages) await client.query({ query: QUERIES.plainly });
    server.frame("message-1", { content: "new" });
    await followUntil("new");
    expect(isKept()).toBe(true);
    client.cache.gc();
    expect(isKept()).toBe(kept);
  });
});

test("a list's preview of its last messages is kept apart by @connection", async () => {
  for (const content of ["one", "two", "three"]) server.add({ content });
  const preview = gql`
    query Preview {
      chat(id: "chat-1") {
        id
        messages(last: 1) @connection(key: "preview") { revision edges { node { id revision content } } }
      }
    }
  `;
  await client.query({ query: QUERIES.plainly });
  await client.query({ query: preview });
  const { data } = await client.query<{ chat: { messages: { edges: unknown[] } } }>({ query: QUERIES.plainly });
  expect(data?.chat.messages.edges).toHaveLength(3);
});
