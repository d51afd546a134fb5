import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { TransportSelector } from "../../../src/core/transport/transportSelector.ts";

const nowhere = { subscribe: () => () => {} };

let route: TransportSelector;
let hidden: boolean;
/** When each test began, in milliseconds since the switch to HTTP. */
let tests: number[];
let answer: (isOpen: boolean) => void;
let isAnsweredAtOnce: boolean;

beforeEach(async () => {
  vi.useFakeTimers();
  hidden = false;
  vi.spyOn(document, "visibilityState", "get").mockImplementation(() => (hidden ? "hidden" : "visible"));
  tests = [];
  isAnsweredAtOnce = true;
  let began = Date.now();
  route = new TransportSelector({
    url: "/graphql",
    socket: nowhere,
    fetch: async () => new Response("{}"),
    testSocket: () =>
      new Promise((resolve) => {
        tests.push(Date.now() - began);
        answer = resolve;
        if (isAnsweredAtOnce) resolve(false);
      }),
    onChange: () => {},
    onFallback: () => {},
    canStream: true,
    streams: [],
    random: () => 0.5,
  });
  await route.onSocketRefused(1006);
  await route.onSocketRefused(1006);
  await vi.dynamicImportSettled();
  expect(route.isHttp).toBe(true);
  began = Date.now();
});
afterEach(() => {
  route.close();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1_000);
const seconds = () => tests.map((ms) => ms / 1_000);

test("a socket that the server itself closed shows that nothing blocks WebSockets", async () => {
  let requests = 0;
  const own = new TransportSelector({
    url: "/graphql",
    socket: nowhere,
    fetch: async () => {
      requests++;
      return new Response("{}");
    },
    testSocket: async () => false,
    onChange: () => {},
    onFallback: () => {},
    canStream: true,
    streams: [],
    random: () => 0.5,
  });
  for (const code of [1013, 1013, 1006, 1013, 1006]) await own.onSocketRefused(code);
  expect(own.isHttp).toBe(false);
  expect(requests).toBe(2);
  own.close();
});

describe("over HTTP, WebSocket is tested", () => {
  test("at intervals that double up to five minutes", async () => {
    await pass(1_065);
    expect(seconds()).toEqual([15, 45, 105, 225, 465, 765, 1_065]);
  });

  test("at once after the page has become visible or `online`", async () => {
    await pass(200);
    expect(seconds()).toEqual([15, 45, 105]);
    route.wake();
    await pass(0);
    expect(seconds()).toEqual([15, 45, 105, 200]);
  });

  test("at short intervals again after that, since the network may have changed", async () => {
    await pass(200);
    route.wake();
    await pass(50);
    expect(seconds()).toEqual([15, 45, 105, 200, 215, 245]);
  });

  test("not when the page becomes hidden", async () => {
    hidden = true;
    route.wake();
    await pass(0);
    expect(tests).toEqual([]);
  });

  test("once at a time, and once more if the page woke during a test that failed", async () => {
    isAnsweredAtOnce = false;
    for (let times = 0; times < 5; times++) route.wake();
    await pass(5);
    expect(seconds()).toEqual([0]);
    answer(false);
    await pass(5);
    expect(seconds()).toEqual([0, 5]);
    answer(true);
    await pass(0);
    expect(route.isHttp).toBe(false);
    route.wake();
    await pass(1_000);
    expect(seconds()).toEqual([0, 5]);
  });
});

test("a client that could not load the HTTP transport switches to it later", async () => {
  const load = vi.fn();
  vi.doMock("../../../src/core/transport/httpTransport.ts", () => {
    load();
    throw new Error("Failed to fetch dynamically imported module");
  });
  const offline = new TransportSelector({
    url: "/graphql",
    socket: nowhere,
    fetch: async () => new Response("{}"),
    testSocket: async () => false,
    onChange: () => {},
    onFallback: () => {},
    canStream: true,
    streams: [],
    random: () => 0.5,
  });
  await offline.onSocketRefused(1006);
  await offline.onSocketRefused(1006);
  expect(load).toHaveBeenCalled();
  expect(offline.isHttp).toBe(false);
  vi.doUnmock("../../../src/core/transport/httpTransport.ts");
  await offline.onSocketRefused(1006);
  await offline.onSocketRefused(1006);
  expect(offline.isHttp).toBe(true);
  offline.close();
});
