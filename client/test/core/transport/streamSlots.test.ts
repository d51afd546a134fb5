import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type ReleaseSlot, StreamSlots } from "../../../src/core/transport/streamSlots.ts";

/** The part of the Web Locks API that is used. One object stands for the browser, and so for all its tabs. */
class Locks {
  readonly #taken = new Set<string>();

  async request(name: string, _: unknown, grant: (lock: object | null) => Promise<void> | undefined): Promise<void> {
    if (this.#taken.has(name)) return grant(null);
    this.#taken.add(name);
    await grant({});
    this.#taken.delete(name);
  }
}

const take = async (slots: StreamSlots, count: number) => {
  const taken: (ReleaseSlot | undefined)[] = [];
  for (let i = 0; i < count; i++) taken.push(await slots.take());
  return taken;
};

describe("the four slots", () => {
  test("are four for a single tab", async () => {
    expect((await take(new StreamSlots(), 5)).filter(Boolean)).toHaveLength(4);
  });

  test("can be taken again after their release", async () => {
    const slots = new StreamSlots();
    const [first] = await take(slots, 4);
    expect(await slots.take()).toBeUndefined();
    first?.();
    expect(await slots.take()).toBeDefined();
  });

  test("are four for a single tab if the browser refuses locks", async () => {
    vi.stubGlobal("navigator", { locks: { request: () => Promise.reject(new Error("SecurityError")) } });
    expect((await take(new StreamSlots(), 5)).filter(Boolean)).toHaveLength(4);
    vi.unstubAllGlobals();
  });

  describe("in a browser", () => {
    beforeEach(() => {
      vi.stubGlobal("navigator", { locks: new Locks() });
    });
    afterEach(() => {
      vi.unstubAllGlobals();
    });

    test("are four over all tabs", async () => {
      const [one, other] = [new StreamSlots(), new StreamSlots()];
      expect((await take(one, 3)).filter(Boolean)).toHaveLength(3);
      const [last, none] = await take(other, 2);
      expect(last).toBeDefined();
      expect(none).toBeUndefined();
    });

    test("pass to another tab after their release", async () => {
      const [one, other] = [new StreamSlots(), new StreamSlots()];
      const [first] = await take(one, 4);
      expect(await other.take()).toBeUndefined();
      first?.();
      await vi.waitFor(async () => expect(await other.take()).toBeDefined());
    });
  });
});
