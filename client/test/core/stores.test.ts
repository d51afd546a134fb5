import { parse } from "graphql";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import WebSocket from "ws";
import { type Connection, createConnection } from "../../src/core/connection.ts";
import {
  defineStream,
  type FragmentDocument,
  type LiveObject,
  messageStream,
  QueryError,
  type TypedDocumentNode,
} from "../../src/core/index.ts";
import type { Message } from "../rows.ts";
import { TestServer } from "../server.ts";

type Live = LiveObject<Message, { content: string }>;

const CHAT = parse(`
  query Chat {
    chat(id: "chat-1") { id messages(last: 30) { revision edges { node { id content } } } }
  }
`) as TypedDocumentNode<
  { chat: { id: string; messages: { revision: number; edges: { node: { content: string } }[] } } | null },
  Record<string, never>
>;

let server: TestServer;
let connection: Connection;

beforeEach(async () => {
  server = await TestServer.start();
  const random = () => 0; // retries at once
  connection = createConnection({ url: server.url, fetch: server.fetch, webSocketImpl: WebSocket, random });
});
afterEach(async () => {
  connection.close();
  await server.stop();
});

describe("query", () => {
  test("rejects with all errors of the server", async () => {
    const broken = parse("query Broken { missing }") as TypedDocumentNode<unknown, Record<string, never>>;
    const error = await connection.query(broken).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(QueryError);
    expect((error as QueryError).errors).toHaveLength(1);
    expect((error as QueryError).message).toMatch(/Cannot query field/);
    expect(server.operations).toEqual(["Broken"]);
  });

  test("sends the variables", async () => {
    server.add({ content: "Hello" });
    const document = parse("query Message($id: ID!) { message(id: $id) { content } }") as TypedDocumentNode<
      { message: { content: string } },
      { id: string }
    >;
    expect(await connection.query(document, { id: "message-1" })).toEqual({ message: { content: "Hello" } });
  });
});

describe("follow", () => {
  const texts = () => {
    const seen: string[] = [];
    return { seen, watch: (live: Live) => void (seen.at(-1) !== live.content && seen.push(live.content)) };
  };

  test("two stores of one object share a subscription, and the later one begins with the newest text", async () => {
    const row = server.add({ status: "STREAMING", content: "Once" });
    const first = connection.follow(messageStream, row);
    const stopFirst = first.subscribe(() => {});
    await expect.poll(() => server.live).toEqual(["MessageStream message-1"]);
    server.frame("message-1", { content: "Once upon" });
    await expect.poll(() => first.getSnapshot().content).toBe("Once upon");
    const second = connection.follow(messageStream, row);
    expect(second.getSnapshot().content).toBe("Once upon");
    const stopSecond = second.subscribe(() => {});
    expect(server.live).toEqual(["MessageStream message-1"]);
    stopFirst();
    server.frame("message-1", { content: "Once upon a time" });
    await expect.poll(() => second.getSnapshot().content).toBe("Once upon a time");
    stopSecond();
    await expect.poll(() => server.live).toEqual([]);
    expect(server.count("MessageStream")).toBe(1);
  });

  test("the snapshot is the same object until something changes, and its revision only rises", async () => {
    const row = server.add({ status: "STREAMING", content: "Once" });
    const store = connection.follow(messageStream, row);
    const { seen, watch } = texts();
    store.subscribe(() => watch(store.getSnapshot()));
    expect(store.getSnapshot()).toBe(store.getSnapshot());
    await expect.poll(() => server.live.length).toBe(1);
    for (const content of ["Once upon", "Once upon a", "Once upon a time"]) server.frame("message-1", { content });
    connection.follow(messageStream, row).subscribe(() => {}); // offers an old version
    server.frame("message-1", { content: "The end", status: "COMPLETE" });
    await expect.poll(() => store.getSnapshot().streaming).toBe(false);
    expect(seen).toEqual(["Once", "Once upon", "Once upon a", "Once upon a time", "The end"]);
    await expect.poll(() => server.live).toEqual([]);
  });

  test("a final object has no subscription, until another store knows that it is generated again", async () => {
    const row = server.add({ content: "Once." });
    const store = connection.follow(messageStream, row);
    store.subscribe(() => {});
    server.frame("message-1", { content: "", status: "STREAMING" });
    expect(server.live).toEqual([]);
    connection.follow(messageStream, server.messages[0] as Message).subscribe(() => {});
    await expect.poll(() => server.live).toEqual(["MessageStream message-1"]);
    server.frame("message-1", { content: "Twice" });
    await expect.poll(() => store.getSnapshot().content).toBe("Twice");
  });

  test("a refused object keeps its text and says why", async () => {
    const row = server.add({ status: "STREAMING", content: "Once" });
    const store = connection.follow(messageStream, row);
    store.subscribe(() => {});
    await expect.poll(() => server.live.length).toBe(1);
    server.remove("message-1");
    await expect.poll(() => store.getSnapshot().streaming).toBe(false);
    expect(store.getSnapshot()).toMatchObject({ content: "Once", status: "FAILED", error: { code: "NOT_FOUND" } });
    expect(server.count("MessageStream")).toBe(1);
  });

  test("a definition that the connection does not know is an error", () => {
    const fragment = parse("fragment LiveNote on Note { body }") as FragmentDocument<{ body: string }>;
    const notes = defineStream({ type: "Note", field: "noteStream", poll: "note", fragment });
    expect(() => connection.follow(notes, { id: "note-1", revision: 1, streaming: true })).toThrow("stream of Note");
  });
});

describe("page", () => {
  const open = () => {
    const page = connection.page("chat-1", { query: CHAT, revision: ({ chat }) => chat?.messages.revision });
    const contents = () => page.getSnapshot().data?.chat?.messages.edges.map(({ node }) => node.content);
    return { page, contents };
  };

  test("fetches once it is subscribed, and refetches after a change", async () => {
    server.add({ content: "One" });
    const { page, contents } = open();
    expect(page.getSnapshot()).toEqual({ data: undefined, error: undefined, isLoading: true });
    const stop = page.subscribe(() => {});
    await expect.poll(contents).toEqual(["One"]);
    await expect.poll(() => server.live).toEqual(["Sync chat-1"]);
    server.add({ content: "Two" });
    server.touch();
    await expect.poll(contents).toEqual(["One", "Two"]);
    expect(page.getSnapshot()).toMatchObject({ error: undefined, isLoading: false });
    expect(server.count("Chat")).toBe(2);
    stop();
    await expect.poll(() => server.live).toEqual([]);
  });

  test("ignores a response that was read before the one it shows", async () => {
    server.add({ content: "One" });
    const { page, contents } = open();
    page.subscribe(() => {});
    await expect.poll(contents).toEqual(["One"]);
    server.holding.add("Chat");
    const late = page.refetch();
    await expect.poll(() => server.held.length).toBe(1);
    server.holding.clear();
    server.add({ content: "Two" });
    server.touch();
    await expect.poll(contents).toEqual(["One", "Two"]);
    server.held[0]?.release();
    await late;
    expect(contents()).toEqual(["One", "Two"]);
  });

  test("keeps its data if a refetch fails, and shows the error until the next one succeeds", async () => {
    server.add({ content: "One" });
    const { page, contents } = open();
    page.subscribe(() => {});
    await expect.poll(contents).toEqual(["One"]);
    server.httpFails = true;
    await expect(page.refetch()).rejects.toThrow("fetch failed");
    expect(contents()).toEqual(["One"]);
    expect(page.getSnapshot()).toMatchObject({ error: expect.any(TypeError), isLoading: false });
    server.httpFails = false;
    await page.refetch();
    expect(page.getSnapshot()).toMatchObject({ error: undefined, isLoading: false });
  });

  test("takes its id from its own data, as a list of the viewer's does", async () => {
    server.add({ content: "One" });
    const page = connection.page((data) => data.chat?.id, {
      query: CHAT,
      revision: ({ chat }) => chat?.messages.revision,
    });
    page.subscribe(() => {});
    await expect.poll(() => server.live).toEqual(["Sync chat-1"]);
    server.deleted = true;
    server.announce({ id: "chat-1", revision: 0, deleted: true });
    await expect.poll(() => page.getSnapshot().data).toEqual({ chat: null });
    await expect.poll(() => server.live).toEqual([]);
  });
});
