import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import WebSocket from "ws";
import { Outbox, type Shelf } from "../../../app/chat/outbox.ts";
import { ChatDocument } from "../../../app/documents.ts";
import { createTwotrackClient, type TwotrackClient } from "../../../src/apollo/index.ts";
import { TestServer } from "../../server.ts";

const CHAT = "chat-1";

let server: TestServer;
let client: TwotrackClient;
let outbox: Outbox;
let shelved: string | null;
const shelf: Shelf = {
  get: () => shelved,
  set: (value) => {
    shelved = value;
  },
};

beforeEach(async () => {
  server = await TestServer.start();
  client = createTwotrackClient({ url: server.url, fetch: server.fetch, webSocketImpl: WebSocket });
  shelved = null;
  outbox = new Outbox(client, shelf);
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
const waiting = () => outbox.of(CHAT).map(({ content }) => content);

describe("what is written", () => {
  test("is shown at once, and leaves when it is on the page", async () => {
    const seen: string[] = [];
    outbox.subscribe(() => seen.push(`${waiting().length} waiting, ${onPage()?.length} there`));
    outbox.send(CHAT, "Hello");
    expect(waiting()).toEqual(["Hello"]);
    await outbox.onItsWay(CHAT);
    expect(waiting()).toEqual([]);
    expect(onPage()).toEqual(["Hello", ""]);
    expect(seen).toEqual(["1 waiting, 0 there", "0 waiting, 0 there"]); // both in the same breath
    expect(outbox.onItsWay(CHAT)).toBeUndefined();
  });

  test("arrives in its order", async () => {
    for (const content of ["One", "Two", "Three"]) outbox.send(CHAT, content);
    expect(waiting()).toEqual(["One", "Two", "Three"]);
    await outbox.onItsWay(CHAT);
    expect(onPage()).toEqual(["One", "", "Two", "", "Three", ""]);
  });

  test("goes on its way again when the page was loaded anew meanwhile", async () => {
    const [pending, next] = [
      { key: "one", content: "Hello" },
      { key: "two", content: "Again" },
    ];
    shelved = JSON.stringify({ [CHAT]: [pending, next] });
    outbox = new Outbox(client, shelf);
    await outbox.onItsWay(CHAT);
    expect(server.keys).toEqual(["one", "two"]);
    expect(waiting()).toEqual([]);
    expect(shelved).toBeNull();
  });

  test("is tried again by itself, under the same key", async () => {
    server.httpFails = true;
    outbox.send(CHAT, "Hello");
    await expect.poll(() => server.count("Send")).toBeGreaterThan(1);
    expect(outbox.of(CHAT)[0]?.problem).toBeUndefined();
    server.httpFails = false;
    await outbox.onItsWay(CHAT);
    expect(onPage()).toEqual(["Hello", ""]);
  });
});

describe("what does not get through", () => {
  const fail = async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    server.httpFails = true;
    outbox.send(CHAT, "Hello");
    const over = outbox.onItsWay(CHAT);
    await vi.advanceTimersByTimeAsync(60_000);
    await over;
    vi.useRealTimers();
    server.httpFails = false;
  };

  test("says so in words, and stays", async () => {
    await fail();
    expect(outbox.of(CHAT)[0]?.problem).toMatch(/cannot be reached/);
    expect(server.count("Send")).toBe(4);
  });

  test("is sent again under the key that it had", async () => {
    await fail();
    const [pending] = outbox.of(CHAT);
    if (pending) outbox.again(CHAT, pending);
    expect(outbox.of(CHAT)[0]?.problem).toBeUndefined();
    await outbox.onItsWay(CHAT);
    expect(server.keys).toEqual([pending?.key]);
    expect(onPage()).toEqual(["Hello", ""]);
  });

  test("outlives the page, and a session of somebody else", async () => {
    await fail();
    const after = new Outbox(client, shelf);
    expect(after.of(CHAT)).toEqual(outbox.of(CHAT));
    const [pending] = after.of(CHAT);
    if (pending) after.again(CHAT, pending);
    await after.onItsWay(CHAT);
    expect(server.keys).toEqual([pending?.key]);
    expect(shelved).toBeNull();
  });

  test("can be given up", async () => {
    await fail();
    outbox.discard(CHAT, outbox.of(CHAT)[0]?.key ?? "");
    expect(waiting()).toEqual([]);
  });

  test("holds up nothing that is written after it", async () => {
    await fail();
    outbox.send(CHAT, "Next");
    await outbox.onItsWay(CHAT);
    expect(waiting()).toEqual(["Hello"]);
    expect(onPage()).toEqual(["Next", ""]);
  });
});
