import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type ReleaseSlot, StreamSlots } from "../../../src/core/transport/streamSlots.ts";

/** The browser's locks, as far as they are used: shared by all tabs. */
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
  test("are four for a tab alone", async () => {
    expect((await take(new StreamSlots(), 5)).filter(Boolean)).toHaveLength(4);
  });

  test("are given again when they are given back", async () => {
    const slots = new StreamSlots();
    const [first] = await take(slots, 4);
    expect(await slots.take()).toBeUndefined();
    first?.();
    expect(await slots.take()).toBeDefined();
  });

  test("are four for a tab alone where a browser refuses locks", async () => {
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

    test("are four for all tabs together", async () => {
      const [one, other] = [new StreamSlots(), new StreamSlots()];
      expect((await take(one, 3)).filter(Boolean)).toHaveLength(3);
      const [last, none] = await take(other, 2);
      expect(last).toBeDefined();
      expect(none).toBeUndefined();
    });

    test("pass from one tab to the other", async () => {
      const [one, other] = [new StreamSlots(), new StreamSlots()];
      const [first] = await take(one, 4);
      expect(await other.take()).toBeUndefined();
      first?.();
      await vi.waitFor(async () => expect(await other.take()).toBeDefined());
    });
  });
});
