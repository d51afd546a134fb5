// @vitest-environment node

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import WebSocket from "ws";
import { type Connection, createConnection } from "../../src/core/connection.ts";
import { type ConnectionEvent, messageStream } from "../../src/core/index.ts";
import type { Message } from "../rows.ts";
import { TestServer } from "../server.ts";

let server: TestServer;
let row: Message;
let events: ConnectionEvent[];
let connection: Connection;

beforeEach(async () => {
  server = await TestServer.start();
  row = server.add({ status: "STREAMING", content: "Once" });
  const own: ConnectionEvent[] = []; // the connection of an earlier test may still close
  events = own;
  connection = createConnection({
    url: server.url,
    webSocketImpl: WebSocket,
    random: () => 0.5,
    onEvent: (event) => own.push(event),
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  connection.close();
  await server.stop();
});

function follow() {
  const store = connection.follow(messageStream, row);
  store.subscribe(() => {});
  return store;
}

const types = () => events.map(({ type }) => type);
const within = { timeout: 15_000 };

describe("onEvent", () => {
  test("reports a lost connection with its code, the delay, and the new connection", async () => {
    follow();
    await expect.poll(() => server.live.length).toBe(1);
    server.cut(1012);
    await expect.poll(types, within).toEqual(["connect", "disconnect", "retry", "connect"]);
    expect(events[1]).toMatchObject({ code: 1012, wasOpen: true });
    expect(events[2]).toEqual({ type: "retry", delayMs: 125 });
  });

  test("reports a refused subscription, and one that the server asks to retry", async () => {
    server.refuseNext("RATE_LIMITED", { retryAfter: 0.1 });
    const store = follow();
    await expect.poll(() => server.live.length).toBe(1);
    server.remove("message-1");
    await expect.poll(() => store.getSnapshot().streaming).toBe(false);
    expect(types()).toEqual(["connect", "retry", "refusal"]);
    expect(events[1]).toMatchObject({ operation: "MessageStream", delayMs: 225 });
    expect(events[2]).toMatchObject({
      operation: "MessageStream",
      errors: [{ message: expect.any(String), extensions: { code: "NOT_FOUND" } }],
    });
  });

  test("may throw without harm to the connection", async () => {
    const error = vi.spyOn(console, "error").mockImplementation(() => {});
    const thrown = new Error("The app's logger has failed.");
    const careless = createConnection({
      url: server.url,
      webSocketImpl: WebSocket,
      onEvent: () => {
        throw thrown;
      },
    });
    const store = careless.follow(messageStream, row);
    store.subscribe(() => {});
    await expect.poll(() => server.live.length).toBe(1);
    server.frame("message-1", { content: "Once upon" });
    await expect.poll(() => store.getSnapshot().content).toBe("Once upon");
    expect(error).toHaveBeenCalledWith(thrown);
    careless.close();
  });
});

test("a busy server is asked again after longer delays, over WebSocket and not over HTTP", async () => {
  server.closeConnectsWith = 1013;
  follow();
  const delays = () => events.flatMap((event) => (event.type === "retry" ? [event.delayMs] : []));
  await expect.poll(delays, within).toEqual([1_000, 2_000]);
  expect(types()).toEqual(["disconnect", "retry", "disconnect", "retry"]);
  expect(events[0]).toMatchObject({ code: 1013, wasOpen: false });
  server.closeConnectsWith = undefined;
  await expect.poll(() => connection.state(), within).toEqual({ status: "open", transport: "websocket" });
  expect(server.operations).toEqual(["MessageStream"]);
});

test("refused WebSockets beside a reachable HTTP endpoint are logged once, with the likely causes", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  server.blocksSockets = true;
  const store = follow();
  await expect.poll(() => connection.state().transport, within).toBe("http");
  await expect.poll(() => connection.state(), within).toEqual({ status: "open", transport: "http" });
  server.frame("message-1", { content: "Once upon" });
  await expect.poll(() => store.getSnapshot().content, within).toBe("Once upon");
  expect(warn).toHaveBeenCalledTimes(1);
  const [[text]] = warn.mock.calls as [[string]];
  expect(text).toContain(server.url);
  expect(text).toContain("1006");
  expect(text).toMatch(/proxy .* Host header .* TWOTRACK_ALLOWED_ORIGINS/);
  expect(events).toContainEqual({ type: "fallback", cause: text });

  server.blocksSockets = false;
  connection.wake();
  await expect.poll(() => connection.state(), within).toEqual({ status: "open", transport: "websocket" });
  server.blocksSockets = true;
  server.cut();
  await expect.poll(() => connection.state().transport, within).toBe("http");
  expect(warn).toHaveBeenCalledTimes(1);
});
