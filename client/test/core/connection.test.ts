import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import WebSocket from "ws";
import { type Connection, createConnection } from "../../src/core/connection.ts";
import type { Result } from "../../src/core/transport/transport.ts";
import { TestServer } from "../server.ts";

const QUERY = 'subscription MessageStream { messageStream(id: "message-1") { id revision streaming content } }';

let server: TestServer;
let connection: Connection;

beforeEach(async () => {
  server = await TestServer.start();
  server.add({ status: "STREAMING", content: "Once" });
  connection = createConnection({ url: server.url, webSocketImpl: WebSocket });
});
afterEach(async () => {
  vi.useRealTimers();
  connection.close();
  await server.stop();
});

function follow(): { texts: string[]; leave: () => void } {
  const texts: string[] = [];
  const leave = connection.subscribe(
    { query: QUERY, operationName: "MessageStream" },
    {
      next: ({ data }: Result) => texts.push((data as { messageStream: { content: string } }).messageStream.content),
      error: () => {},
      complete: () => {},
    },
  );
  return { texts, leave };
}

test("a socket that was closed for lack of subscriptions is opened again without a delay", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const { texts, leave } = follow();
  await vi.waitFor(() => expect(texts).toEqual(["Once"]), { interval: 0 });
  leave();
  await vi.advanceTimersByTimeAsync(3_000);
  await vi.waitFor(() => expect(server.sockets.size).toBe(0), { interval: 0 });
  const again = follow();
  await vi.waitFor(() => expect(again.texts).toEqual(["Once"]), { interval: 0 }); // while fake timers stand still
});

test("a completed stream is no longer subscribed, and the socket closes", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const { texts } = follow();
  await vi.waitFor(() => expect(texts).toEqual(["Once"]), { interval: 0 });
  server.frame("message-1", { content: "Once.", status: "COMPLETE" });
  await vi.waitFor(() => expect(texts).toEqual(["Once", "Once."]), { interval: 0 });
  await vi.waitFor(() => expect(server.live).toEqual([]), { interval: 0 });
  await vi.advanceTimersByTimeAsync(3_000);
  await vi.waitFor(() => expect(server.sockets.size).toBe(0), { interval: 0 });
  await vi.waitFor(() => expect(connection.status()).toBe("idle"), { interval: 0 });
  const again = follow();
  await vi.waitFor(() => expect(again.texts).toEqual(["Once."]), { interval: 0 }); // while fake timers stand still
});

test("a connection can be created during server-side rendering", () => {
  vi.stubGlobal("location", undefined);
  const rendered = createConnection({ url: "/graphql", webSocketImpl: WebSocket });
  expect(rendered.url).toBe("/graphql");
  expect(rendered.status()).toBe("idle");
  rendered.close();
  vi.unstubAllGlobals();
});

describe("a half-open socket", () => {
  const ahead = (ms: number) => vi.advanceTimersByTimeAsync(ms);

  const openAndFallSilent = async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { texts } = follow();
    await vi.waitFor(() => expect(texts).toEqual(["Once"]), { interval: 0 });
    server.answerPings = false;
    return texts;
  };

  test("is detected by a missing pong, and replaced", async () => {
    const texts = await openAndFallSilent();
    await ahead(19_900);
    expect(server.connects).toHaveLength(1);
    await ahead(200 + 10_000);
    await vi.waitFor(() => expect(texts).toEqual(["Once", "Once"]));
    expect(server.connects).toHaveLength(2);
  });

  test("is detected although a message arrived after the ping", async () => {
    const texts = await openAndFallSilent();
    await ahead(15_000);
    await vi.waitFor(() => expect(server.pings).toBe(1), { interval: 0 });
    server.frame("message-1", { content: "Once upon" });
    await vi.waitFor(() => expect(texts).toEqual(["Once", "Once upon"]), { interval: 0 });
    await ahead(4_900);
    expect(server.connects).toHaveLength(1);
    await ahead(200 + 10_000);
    await vi.waitFor(() => expect(server.connects).toHaveLength(2));
  });

  test("is detected sooner after the event `online`", async () => {
    const texts = await openAndFallSilent();
    window.dispatchEvent(new Event("online"));
    await ahead(5_100 + 10_000);
    await vi.waitFor(() => expect(texts).toEqual(["Once", "Once"]));
  });

  test("is detected sooner after the page has become visible", async () => {
    const texts = await openAndFallSilent();
    document.dispatchEvent(new Event("visibilitychange"));
    await ahead(5_100 + 10_000);
    await vi.waitFor(() => expect(texts).toEqual(["Once", "Once"]));
  });

  test("is detected sooner after an app has called wake()", async () => {
    const texts = await openAndFallSilent();
    connection.wake();
    await ahead(5_100 + 10_000);
    await vi.waitFor(() => expect(texts).toEqual(["Once", "Once"]));
  });

  test("is not assumed while pongs arrive", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { texts } = follow();
    await vi.waitFor(() => expect(texts).toEqual(["Once"]));
    for (let i = 0; i < 8; i++) {
      await ahead(15_000);
      await vi.waitFor(() => expect(server.pings).toBe(i + 1));
    }
    expect(server.connects).toHaveLength(1);
  });
});

describe("the status", () => {
  test("goes from idle to connecting to open, and back to idle without subscriptions", async () => {
    const seen: string[] = [connection.status()];
    connection.onStatus(() => seen.push(connection.status()));
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { texts, leave } = follow();
    await vi.waitFor(() => expect(texts).toEqual(["Once"]));
    leave();
    await vi.advanceTimersByTimeAsync(3_100);
    await vi.waitFor(() => expect(connection.status()).toBe("idle"));
    expect(seen).toEqual(["idle", "connecting", "open", "idle"]);
  });

  test("is lost while the server is down, and open when it is back", async () => {
    const { texts } = follow();
    await vi.waitFor(() => expect(texts).toEqual(["Once"]));
    server.refuseConnects();
    await vi.waitFor(() => expect(connection.status()).toBe("lost"));
    server.acceptConnects();
    await vi.waitFor(() => expect(connection.status()).toBe("open"), { timeout: 5_000 });
  });
});

test("the event `online` ends the reconnect delay", async () => {
  const { texts } = follow();
  await vi.waitFor(() => expect(texts).toEqual(["Once"]));
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  server.refuseConnects();
  await vi.waitFor(() => expect(connection.status()).toBe("lost"));
  server.acceptConnects();
  window.dispatchEvent(new Event("online"));
  await vi.waitFor(() => expect(texts).toEqual(["Once", "Once"]));
});

test("a closed connection has no socket and does not reconnect", async () => {
  const { texts } = follow();
  await vi.waitFor(() => expect(texts).toEqual(["Once"]));
  connection.close();
  await vi.waitFor(() => expect(server.sockets.size).toBe(0));
  window.dispatchEvent(new Event("online"));
  expect(server.connects).toHaveLength(1);
});
