/**
 * Who may hold a stream open over HTTP. A browser makes six HTTP/1.1 connections to a server, all tabs together, and
 * six open streams would leave none for a query in any of them.
 */

const MOST = 4; // leaves two for queries

export interface Slot {
  release(): void;
}

export class StreamSlots {
  readonly #held = new Set<number>();

  /** Undefined when all are taken, here or in other tabs. */
  async take(): Promise<Slot | undefined> {
    for (let slot = 0; slot < MOST; slot++) {
      if (this.#held.has(slot)) continue;
      this.#held.add(slot);
      const unlock = await lock(`twotrack-stream-${slot}`);
      if (unlock === undefined) {
        this.#held.delete(slot);
        continue;
      }
      return {
        release: () => {
          this.#held.delete(slot);
          unlock();
        },
      };
    }
    return undefined;
  }
}

/** The browser's own locks, which die with their tab. Where there are none to have, tabs cannot know of each other. */
function lock(name: string): Promise<(() => void) | undefined> {
  const locks = globalThis.navigator?.locks;
  if (locks == null) return Promise.resolve(() => {});
  return new Promise((resolve) => {
    locks
      .request(name, { ifAvailable: true }, (granted) => {
        if (granted === null) return resolve(undefined);
        return new Promise<void>((unlock) => resolve(unlock));
      })
      .catch(() => resolve(() => {})); // a sandboxed frame may have none
  });
}
