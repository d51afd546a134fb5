import { CombinedGraphQLErrors } from "@apollo/client";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import WebSocket from "ws";
import { Outbox, type OutboxMessage, type OutboxStorage } from "../../../app/chat/outbox.ts";
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

describe("a message that cannot be sent now", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    server.httpFails = true;
    outbox.send(CHAT, "Hello");
  });
  afterEach(() => vi.useRealTimers());
  const waits = async () => {
    await vi.advanceTimersByTimeAsync(60_000);
    expect(outbox.messages(CHAT)).toMatchObject([{ content: "Hello", isWaiting: true }]);
    expect(outbox.messages(CHAT)[0]?.error).toBeUndefined();
  };

  test.each(["time", "online"])("waits, and is sent once when the connection is back: %s", async (sign) => {
    await waits();
    expect(server.count("Send")).toBeGreaterThan(3);
    server.httpFails = false;
    const sent = outbox.sending(CHAT);
    if (sign === "online") dispatchEvent(new Event("online"));
    else await vi.advanceTimersByTimeAsync(60_000);
    vi.useRealTimers();
    await sent;
    expect(server.keys).toHaveLength(1);
    expect(onPage()).toEqual(["Hello", ""]);
    expect(stored).toBeNull();
  });

  test("can be discarded, and is not sent then", async () => {
    await waits();
    const [waiting] = outbox.messages(CHAT);
    outbox.discard(CHAT, waiting?.key ?? "");
    server.httpFails = false;
    const over = outbox.sending(CHAT);
    dispatchEvent(new Event("online"));
    vi.useRealTimers();
    await over;
    expect([unsent(), server.keys]).toEqual([[], []]);
  });
});

describe("a message that the server refuses", () => {
  const refused = async () => {
    const mutate = vi
      .spyOn(client, "mutate")
      .mockRejectedValue(
        new CombinedGraphQLErrors({ errors: [{ message: "Too long.", extensions: { code: "BAD_USER_INPUT" } }] }),
      );
    outbox.send(CHAT, "Hello");
    await outbox.sending(CHAT);
    expect(mutate).toHaveBeenCalledTimes(1);
    mutate.mockRestore();
    const [message] = outbox.messages(CHAT);
    expect(message?.error).toBe("Too long.");
    return message as OutboxMessage;
  };

  test("can be sent again with the same key, or as another text with another key", async () => {
    for (const [text, keeps] of [
      ["Hello", true],
      ["Hi", false],
    ] as const) {
      const message = await refused();
      outbox.retry(CHAT, message, text);
      expect(outbox.messages(CHAT)[0]?.error).toBeUndefined();
      await outbox.sending(CHAT);
      expect(server.keys.at(-1) === message.key).toBe(keeps);
      expect(onPage()?.at(-2)).toBe(text);
    }
  });

  test("survives a reload, and another user's session", async () => {
    const message = await refused();
    const after = new Outbox(client, storage);
    expect(after.messages(CHAT)).toEqual([message]);
    after.retry(CHAT, message);
    await after.sending(CHAT);
    expect(server.keys).toEqual([message.key]);
    expect(stored).toBeNull();
  });

  test("can be discarded, and does not block the messages after it", async () => {
    const message = await refused();
    outbox.send(CHAT, "Next");
    await outbox.sending(CHAT);
    expect(unsent()).toEqual(["Hello"]);
    expect(onPage()).toEqual(["Next", ""]);
    outbox.discard(CHAT, message.key);
    expect(unsent()).toEqual([]);
  });
});
