import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import WebSocket from "ws";
import { Outbox, type OutboxStorage } from "../../../app/chat/outbox.ts";
import { ChatDocument } from "../../../app/documents.ts";
import { createTwotrackClient, type TwotrackClient } from "../../../src/apollo/index.ts";
import { TestServer } from "../../server.ts";

const CHAT = "chat-1";

let server: TestServer;
let client: TwotrackClient;
let outbox: Outbox;
let stored: string | null;
const storage: OutboxStorage = {
  get: () => stored,
  set: (value) => {
    stored = value;
  },
};

beforeEach(async () => {
  server = await TestServer.start();
  client = createTwotrackClient({ url: server.url, fetch: server.fetch, webSocketImpl: WebSocket });
  stored = null;
  outbox = new Outbox(client, storage);
  await client.query({ query: ChatDocument, variables: { id: CHAT, last: 30 } });
});
afterEach(async () => {
  client.stop();
  await server.stop();
});

const onPage = () =>
  client
    .readQuery({ query: ChatDocument, variables: { id: CHAT, last: 30 } })
    ?.chat?.messages.edges.map(({ node }) => (node as unknown as { content: string }).content);
const unsent = () => outbox.messages(CHAT).map(({ content }) => content);

describe("a message", () => {
  test("is in the outbox at once, and leaves it when the list contains it", async () => {
    const seen: string[] = [];
    outbox.subscribe(() => seen.push(`${unsent().length} unsent, ${onPage()?.length} there`));
    outbox.send(CHAT, "Hello");
    expect(unsent()).toEqual(["Hello"]);
    await outbox.sending(CHAT);
    expect(unsent()).toEqual([]);
    expect(onPage()).toEqual(["Hello", ""]);
    expect(seen).toEqual(["1 unsent, 0 there", "0 unsent, 0 there"]); // both at the same time
    expect(outbox.sending(CHAT)).toBeUndefined();
  });

  test("is sent after the messages before it", async () => {
    for (const content of ["One", "Two", "Three"]) outbox.send(CHAT, content);
    expect(unsent()).toEqual(["One", "Two", "Three"]);
    await outbox.sending(CHAT);
    expect(onPage()).toEqual(["One", "", "Two", "", "Three", ""]);
  });

  test("that was being sent is sent again after a reload", async () => {
    const [pending, next] = [
      { key: "one", content: "Hello" },
      { key: "two", content: "Again" },
    ];
    stored = JSON.stringify({ [CHAT]: [pending, next] });
    outbox = new Outbox(client, storage);
    await outbox.sending(CHAT);
    expect(server.keys).toEqual(["one", "two"]);
    expect(unsent()).toEqual([]);
    expect(stored).toBeNull();
  });

  test("is retried automatically, with the same key", async () => {
    server.httpFails = true;
    outbox.send(CHAT, "Hello");
    await expect.poll(() => server.count("Send")).toBeGreaterThan(1);
    expect(outbox.messages(CHAT)[0]?.error).toBeUndefined();
    server.httpFails = false;
    await outbox.sending(CHAT);
    expect(onPage()).toEqual(["Hello", ""]);
  });
});

describe("a message that could not be sent", () => {
  const fail = async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    server.httpFails = true;
    outbox.send(CHAT, "Hello");
    const over = outbox.sending(CHAT);
    await vi.advanceTimersByTimeAsync(60_000);
    await over;
    vi.useRealTimers();
    server.httpFails = false;
  };

  test("stays in the outbox with an error message", async () => {
    await fail();
    expect(outbox.messages(CHAT)[0]?.error).toMatch(/cannot be reached/);
    expect(server.count("Send")).toBe(4);
  });

  test("is sent again with the same key", async () => {
    await fail();
    const [pending] = outbox.messages(CHAT);
    if (pending) outbox.retry(CHAT, pending);
    expect(outbox.messages(CHAT)[0]?.error).toBeUndefined();
    await outbox.sending(CHAT);
    expect(server.keys).toEqual([pending?.key]);
    expect(onPage()).toEqual(["Hello", ""]);
  });

  test("survives a reload, and another user's session", async () => {
    await fail();
    const after = new Outbox(client, storage);
    expect(after.messages(CHAT)).toEqual(outbox.messages(CHAT));
    const [pending] = after.messages(CHAT);
    if (pending) after.retry(CHAT, pending);
    await after.sending(CHAT);
    expect(server.keys).toEqual([pending?.key]);
    expect(stored).toBeNull();
  });

  test("can be discarded", async () => {
    await fail();
    outbox.discard(CHAT, outbox.messages(CHAT)[0]?.key ?? "");
    expect(unsent()).toEqual([]);
  });

  test("does not block the messages after it", async () => {
    await fail();
    outbox.send(CHAT, "Next");
    await outbox.sending(CHAT);
    expect(unsent()).toEqual(["Hello"]);
    expect(onPage()).toEqual(["Next", ""]);
  });
});
