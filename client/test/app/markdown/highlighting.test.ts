import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { coloured, type Order } from "../../../app/markdown/highlighting.ts";

class Colourist extends EventTarget {
  static engaged: Colourist[] = [];
  readonly orders: Order[] = [];
  readonly terminate = vi.fn();

  constructor() {
    super();
    Colourist.engaged.push(this);
  }

  postMessage(order: Order) {
    this.orders.push(order);
  }

  answer() {
    for (const { number } of this.orders)
      this.dispatchEvent(new MessageEvent("message", { data: { number, tokens: [] } }));
  }
}

beforeEach(() => {
  vi.stubGlobal("Worker", Colourist);
});
afterEach(() => {
  vi.unstubAllGlobals();
});

test("blocks whose worker could not be fetched stay plain, and the next one gets another worker", async () => {
  const first = coloured(["a = 1"], "python");
  const second = coloured(["b = 2"], "python");
  const [lost] = Colourist.engaged;
  lost?.dispatchEvent(new Event("error"));
  expect(await Promise.all([first, second])).toEqual([undefined, undefined]);
  const third = coloured(["c = 3"], "python");
  expect(Colourist.engaged).toHaveLength(2);
  Colourist.engaged[1]?.answer();
  expect(await third).toEqual([]);
  expect(lost?.terminate).toHaveBeenCalled();
});
