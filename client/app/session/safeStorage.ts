/**
 * What the browser keeps for us. Where it refuses, or has no room, it is kept in memory: for as long as the page is open,
 * which is better than no page.
 */

export class Kept {
  readonly #unkept = new Map<string, string | null>();
  readonly #storage: () => Storage;

  constructor(storage: () => Storage) {
    this.#storage = storage;
  }

  get(key: string): string | null {
    const value = this.#unkept.get(key);
    if (value !== undefined) return value;
    try {
      return this.#storage().getItem(key);
    } catch {
      return null;
    }
  }

  /** `null`: nothing is kept. */
  set(key: string, value: string | null): void {
    try {
      if (value === null) this.#storage().removeItem(key);
      else this.#storage().setItem(key, value);
      this.#unkept.delete(key);
    } catch {
      this.#unkept.set(key, value);
    }
  }
}

/** By all tabs, for good. */
export const kept = new Kept(() => localStorage);

/** By this tab, over a reload. */
export const keptInTab = new Kept(() => sessionStorage);
