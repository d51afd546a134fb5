import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { TransportSelector } from "../../../src/core/transport/transportSelector.ts";

const nowhere = { subscribe: () => () => {} };

let route: TransportSelector;
let hidden: boolean;
/** When each probe began, in milliseconds since the way went over HTTP. */
let probes: number[];
let answer: (isOpen: boolean) => void;
let isAnsweredAtOnce: boolean;

beforeEach(async () => {
  vi.useFakeTimers();
  hidden = false;
  vi.spyOn(document, "visibilityState", "get").mockImplementation(() => (hidden ? "hidden" : "visible"));
  probes = [];
  isAnsweredAtOnce = true;
  let began = Date.now();
  route = new TransportSelector({
    url: "/graphql",
    socket: nowhere,
    fetch: async () => new Response("{}"),
    testSocket: () =>
      new Promise((resolve) => {
        probes.push(Date.now() - began);
        answer = resolve;
        if (isAnsweredAtOnce) resolve(false);
      }),
    onChange: () => {},
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
const seconds = () => probes.map((ms) => ms / 1_000);

describe("over HTTP, a WebSocket is tried", () => {
  test("ever more rarely, and never more rarely than every five minutes", async () => {
    await pass(1_065);
    expect(seconds()).toEqual([15, 45, 105, 225, 465, 765, 1_065]);
  });

  test("at once by a page that is seen again or hears that the network is back", async () => {
    await pass(200);
    expect(seconds()).toEqual([15, 45, 105]);
    route.wake();
    await pass(0);
    expect(seconds()).toEqual([15, 45, 105, 200]);
  });

  test("often again after that, as the network may be another one", async () => {
    await pass(200);
    route.wake();
    await pass(50);
    expect(seconds()).toEqual([15, 45, 105, 200, 215, 245]);
  });

  test("not because the page is hidden", async () => {
    hidden = true;
    route.wake();
    await pass(0);
    expect(probes).toEqual([]);
  });

  test("once at a time, however often the page is woken, and once more if it was woken meanwhile", async () => {
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

test("whose way over HTTP could not be fetched takes it as soon as it can", async () => {
  const fetched = vi.fn();
  vi.doMock("../../../src/core/transport/httpTransport.ts", () => {
    fetched();
    throw new Error("Failed to fetch dynamically imported module");
  });
  const cut = new TransportSelector({
    url: "/graphql",
    socket: nowhere,
    fetch: async () => new Response("{}"),
    testSocket: async () => false,
    onChange: () => {},
    streams: [],
    random: () => 0.5,
  });
  await cut.onSocketRefused(1006);
  await cut.onSocketRefused(1006);
  expect(fetched).toHaveBeenCalled();
  expect(cut.isHttp).toBe(false);
  vi.doUnmock("../../../src/core/transport/httpTransport.ts");
  await cut.onSocketRefused(1006);
  await cut.onSocketRefused(1006);
  expect(cut.isHttp).toBe(true);
  cut.close();
});
