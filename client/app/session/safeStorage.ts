/**
 * Web storage that never throws. If the browser denies access, or the storage is full, values are kept in memory for as
 * long as the page is open.
 */

export class SafeStorage {
  /** Values that the storage did not accept. */
  readonly #inMemory = new Map<string, string | null>();
  readonly #storage: () => Storage;

  /** A function, because reading `window.localStorage` already throws where access is denied. */
  constructor(storage: () => Storage) {
    this.#storage = storage;
  }

  get(key: string): string | null {
    const value = this.#inMemory.get(key);
    if (value !== undefined) return value;
    try {
      return this.#storage().getItem(key);
    } catch {
      return null;
    }
  }

  /** `null` removes the key. */
  set(key: string, value: string | null): void {
    try {
      if (value === null) this.#storage().removeItem(key);
      else this.#storage().setItem(key, value);
      this.#inMemory.delete(key);
    } catch {
      this.#inMemory.set(key, value);
    }
  }
}

/** Shared by all tabs, kept after the browser is closed. */
export const browserStorage = new SafeStorage(() => localStorage);

/** Of this tab alone; survives a reload. */
export const tabStorage = new SafeStorage(() => sessionStorage);
