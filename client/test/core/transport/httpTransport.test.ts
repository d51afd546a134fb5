// @vitest-environment node

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import WebSocket from "ws";
import { type Connection, createConnection } from "../../../src/core/connection.ts";
import type { Result } from "../../../src/core/transport/transport.ts";
import { TestServer } from "../../server.ts";

const STREAM =
  "subscription MessageStream($id: ID!) { text: messageStream(id: $id) { id revision streaming content } }";
const SYNC = 'subscription Sync { sync(ids: ["chat-1"]) { id revision deleted } }';

let server: TestServer;
let connection: Connection;

beforeEach(async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {}); // the client says why it uses HTTP
  server = await TestServer.start();
  connection = createConnection({ url: server.url, webSocketImpl: WebSocket, random: () => 0.5 });
});
afterEach(async () => {
  vi.useRealTimers();
  connection.close();
  vi.unstubAllGlobals();
  await server.stop();
});

interface Received {
  readonly texts: string[];
  readonly ends: string[];
}

function follow(id: string): Received {
  const received: Received = { texts: [], ends: [] };
  connection.subscribe(
    { query: STREAM, operationName: "MessageStream", variables: { id } },
    {
      next: ({ data, errors }: Result) => {
        if (errors) received.ends.push(String(errors[0]?.extensions?.code));
        const { content } = (data?.text ?? {}) as { content?: string };
        if (content !== undefined && received.texts.at(-1) !== content) received.texts.push(content);
      },
      error: () => received.ends.push("error"),
      complete: () => received.ends.push("complete"),
    },
  );
  return received;
}

function followChat(): number[] {
  const revisions: number[] = [];
  connection.subscribe(
    { query: SYNC, operationName: "Sync" },
    {
      next: ({ data }: Result) => {
        const { sync } = data as { sync: { revision: number } };
        if (revisions.at(-1) !== sync.revision) revisions.push(sync.revision);
      },
      error: () => {},
      complete: () => {},
    },
  );
  return revisions;
}

/** Replaces the connection by one in a browser's page, whose events the test sends. */
function stubPage() {
  connection.close();
  const window = new EventTarget();
  const document = Object.assign(new EventTarget(), { visibilityState: "visible" });
  vi.stubGlobal("document", document);
  vi.stubGlobal("addEventListener", window.addEventListener.bind(window));
  vi.stubGlobal("removeEventListener", window.removeEventListener.bind(window));
  connection = createConnection({ url: server.url, webSocketImpl: WebSocket, random: () => 0.5 });
  return {
    online: () => window.dispatchEvent(new Event("online")),
    show: (visibilityState: "visible" | "hidden") => {
      document.visibilityState = visibilityState;
      document.dispatchEvent(new Event("visibilitychange"));
    },
  };
}

const eventually = (check: () => void) => vi.waitFor(check, { timeout: 10_000 });

describe("if WebSockets are blocked", () => {
  beforeEach(() => {
    server.blocksSockets = true;
  });

  test("a message streams over HTTP to its end", async () => {
    server.add({ status: "STREAMING", content: "Once" });
    const { texts, ends } = follow("message-1");
    await eventually(() => expect(texts).toEqual(["Once"]));
    expect(connection.status()).toBe("open");
    server.frame("message-1", { content: "Once upon" });
    await eventually(() => expect(texts).toEqual(["Once", "Once upon"]));
    server.frame("message-1", { content: "The end", status: "COMPLETE" });
    await eventually(() => expect(ends).toEqual(["complete"]));
    expect(texts.at(-1)).toBe("The end");
    expect(server.connects).toEqual([]);
  });

  test("and handshakes get no response, the client switches to HTTP after two timeouts", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"], shouldAdvanceTime: true });
    server.swallowsHandshakes = true;
    server.add({ status: "STREAMING", content: "Once" });
    const { texts } = follow("message-1");
    for (let attempt = 0; attempt < 2; attempt++) await vi.advanceTimersByTimeAsync(12_000);
    await eventually(() => expect(texts).toEqual(["Once"]));
  });

  test("and a proxy buffers streams, everything is polled until the network changes", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"], shouldAdvanceTime: true });
    const page = stubPage();
    server.buffersStreams = true;
    server.add({ status: "STREAMING", content: "Once" });
    const [revisions, { texts }] = [followChat(), follow("message-1")];
    await vi.advanceTimersByTimeAsync(8_000);
    await eventually(() => expect([revisions, texts]).toEqual([[1], ["Once"]]));
    server.touch();
    server.frame("message-1", { content: "Once upon" });
    await vi.advanceTimersByTimeAsync(2_000);
    await eventually(() =>
      expect([revisions, texts]).toEqual([
        [1, 2],
        ["Once", "Once upon"],
      ]),
    );
    server.buffersStreams = false;
    page.online();
    await eventually(() => expect(server.live).toHaveLength(2));
  });

  test("a stream that is cut is subscribed again", async () => {
    server.add({ status: "STREAMING", content: "Once" });
    const { texts } = follow("message-1");
    await eventually(() => expect(texts).toEqual(["Once"]));
    server.cutHttp();
    server.frame("message-1", { content: "Once upon" });
    await eventually(() => expect(texts).toEqual(["Once", "Once upon"]));
  });

  test("of six messages and a page, four stream, the others are polled, and all reach their end", async () => {
    for (let i = 0; i < 6; i++) server.add({ status: "STREAMING", content: "" });
    const revisions = followChat();
    const all = server.messages.map(({ id }) => follow(id));
    await eventually(() => expect(all.map(({ texts }) => texts)).toEqual(all.map(() => [""])));
    await eventually(() => expect(server.live).toHaveLength(4));
    expect(server.live).toContain("Sync chat-1");
    for (const { id } of [...server.messages]) server.frame(id, { content: "half" });
    await eventually(() => expect(all.map(({ texts }) => texts.at(-1))).toEqual(all.map(() => "half")));
    expect(server.live.length).toBeLessThanOrEqual(4);
    for (const { id } of [...server.messages]) server.frame(id, { content: "whole", status: "COMPLETE" });
    await eventually(() => expect(all.map(({ texts }) => texts.at(-1))).toEqual(all.map(() => "whole")));
    expect(all.map(({ ends }) => ends)).toEqual(all.map(() => ["complete"]));
    server.touch();
    await eventually(() => expect(revisions).toEqual([1, 2]));
  });

  test("a stream that ends gives its slot to a subscription that is polled", async () => {
    for (let i = 0; i < 6; i++) server.add({ status: "STREAMING", content: "" });
    for (const { id } of server.messages) follow(id);
    await eventually(() => expect(server.live).toHaveLength(4));
    expect(server.live).not.toContain("MessageStream message-5");
    server.frame("message-1", { status: "COMPLETE" });
    await eventually(() => expect(server.live).toContain("MessageStream message-5"));
    expect(server.live).toHaveLength(4);
  });

  test("a subscription that cannot be polled waits for a slot", async () => {
    for (let i = 0; i < 4; i++) server.add({ status: "STREAMING", content: "" });
    for (const { id } of server.messages) follow(id);
    await eventually(() => expect(server.live).toHaveLength(4));
    server.addNote({ status: "STREAMING" });
    const query = 'subscription NoteStream { noteStream(id: "note-1") { id } }'; // the connection has no definition
    connection.subscribe(
      { query, operationName: "NoteStream" },
      { next: () => {}, error: () => {}, complete: () => {} },
    );
    server.frame("message-1", { status: "COMPLETE" });
    await eventually(() => expect(server.live).toContain("NoteStream note-1"));
    expect(server.count("NoteStream")).toBe(1);
  });

  test("a page polls while it is hidden, and streams when it is visible again", async () => {
    const page = stubPage();
    server.add({ status: "STREAMING", content: "Once" });
    const { texts } = follow("message-1");
    await eventually(() => expect(server.live).toEqual(["MessageStream message-1"]));
    page.show("hidden");
    await eventually(() => expect(server.live).toEqual([]));
    await eventually(() => expect(server.count("MessageStream")).toBe(2));
    server.frame("message-1", { content: "Once upon" });
    page.show("visible");
    await eventually(() => expect(texts).toEqual(["Once", "Once upon"]));
    await eventually(() => expect(server.live).toEqual(["MessageStream message-1"]));
  });

  test("a deleted message ends its stream, and its polling", async () => {
    for (let i = 0; i < 6; i++) server.add({ status: "STREAMING", content: "" });
    const all = server.messages.map(({ id }) => follow(id));
    await eventually(() => expect(server.live).toHaveLength(4));
    for (const { id } of [...server.messages]) server.remove(id);
    await eventually(() => expect(all.map(({ ends }) => ends)).toEqual(all.map(() => ["NOT_FOUND", "complete"])));
  });

  test("the client returns to WebSocket when a test succeeds", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"], shouldAdvanceTime: true });
    server.add({ status: "STREAMING", content: "Once" });
    const { texts } = follow("message-1");
    await eventually(() => expect(texts).toEqual(["Once"]));
    await vi.advanceTimersByTimeAsync(15_000);
    expect(server.sockets.size).toBe(0);
    server.blocksSockets = false;
    await vi.advanceTimersByTimeAsync(30_000);
    await eventually(() => expect(server.sockets.size).toBe(1));
    server.frame("message-1", { content: "Once upon" });
    await eventually(() => expect(texts).toEqual(["Once", "Once upon"]));
    await eventually(() => expect(server.live).toEqual(["MessageStream message-1"]));
    expect(connection.status()).toBe("open");
  });

  test("the client tests WebSocket at once after the event `online`", async () => {
    const page = stubPage();
    server.add({ status: "STREAMING", content: "Once" });
    const { texts } = follow("message-1");
    await eventually(() => expect(texts).toEqual(["Once"]));
    server.blocksSockets = false;
    page.online();
    await eventually(() => expect(server.sockets.size).toBe(1));
    server.frame("message-1", { content: "Once upon" });
    await eventually(() => expect(texts).toEqual(["Once", "Once upon"]));
  });

  test("a stream whose token is rejected is subscribed with a new one", async () => {
    let token = "old";
    connection = createConnection({
      url: server.url,
      webSocketImpl: WebSocket,
      random: () => 0.5,
      token: (refused) => {
        if (refused !== undefined) token = "new";
        return token;
      },
    });
    server.add({ status: "STREAMING", content: "Once" });
    const { texts, ends } = follow("message-1");
    await eventually(() => expect(texts).toEqual(["Once"]));
    const asked = server.operations.length;
    server.refused.add("old");
    server.cutHttp();
    server.frame("message-1", { content: "Once upon" });
    await eventually(() => expect(texts).toEqual(["Once", "Once upon"]));
    expect(token).toBe("new");
    expect(ends).toEqual([]);
    expect(server.operations.slice(asked)).toEqual(["MessageStream"]);
  });

  test("the client returns to WebSocket although the server rejects the token in the test", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"], shouldAdvanceTime: true });
    let token = "old";
    connection = createConnection({
      url: server.url,
      webSocketImpl: WebSocket,
      random: () => 0.5,
      token: (refused) => {
        if (refused !== undefined) token = "new";
        return token;
      },
    });
    server.add({ status: "STREAMING", content: "Once" });
    const { texts } = follow("message-1");
    await eventually(() => expect(texts).toEqual(["Once"]));
    server.refused.add("old");
    server.blocksSockets = false;
    await vi.advanceTimersByTimeAsync(15_000);
    await eventually(() => expect(server.sockets.size).toBe(1));
    expect(server.connects.at(-1)).toBe("new");
  });
});

describe("during an outage", () => {
  test("the client does not switch to HTTP", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"], shouldAdvanceTime: true });
    server.add({ status: "STREAMING", content: "Once" });
    server.refuseConnects();
    server.httpFails = true;
    const { texts } = follow("message-1");
    await eventually(() => expect(connection.status()).toBe("lost"));
    await vi.advanceTimersByTimeAsync(60_000);
    server.httpFails = false;
    server.acceptConnects();
    await eventually(() => expect(texts).toEqual(["Once"]));
    expect(server.sockets.size).toBe(1);
  });
});
