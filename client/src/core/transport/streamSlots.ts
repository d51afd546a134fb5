/**
 * Limits how many streams a browser keeps open over HTTP. It makes six HTTP/1.1 connections to a host, over all tabs:
 * six open streams would block every query in all of them.
 */

const SLOTS = 4; // leaves two connections for queries

export type ReleaseSlot = () => void;

export class StreamSlots {
  readonly #held = new Set<number>();

  /** Undefined if all slots are taken, by this tab or by others. */
  async take(): Promise<ReleaseSlot | undefined> {
    for (let slot = 0; slot < SLOTS; slot++) {
      if (this.#held.has(slot)) continue;
      this.#held.add(slot);
      const unlock = await lock(`twotrack-stream-${slot}`);
      if (unlock !== undefined)
        return () => {
          this.#held.delete(slot);
          unlock();
        };
      this.#held.delete(slot);
    }
    return undefined;
  }
}

/** Web Locks, which the browser releases when their tab closes. Without them, each tab counts its own streams only. */
function lock(name: string): Promise<(() => void) | undefined> {
  const locks = globalThis.navigator?.locks;
  if (locks == null) return Promise.resolve(() => {});
  return new Promise((resolve) => {
    locks
      .request(name, { ifAvailable: true }, (granted) => {
        if (granted === null) return resolve(undefined);
        return new Promise<void>((unlock) => resolve(unlock));
      })
      .catch(() => resolve(() => {})); // a sandboxed frame may not use locks
  });
}
