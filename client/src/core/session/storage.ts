/** Where a session keeps its token. */

export interface TokenStorage {
  get(): string | null;
  /** `null` removes the token. */
  set(token: string | null): void;
}

const KEY = "twotrack.token";

/** `localStorage`, which all tabs share. Where there is none, or access is denied, the token is kept in memory. */
export function defaultStorage(): TokenStorage {
  let inMemory: string | null | undefined; // undefined: the browser's storage works
  return {
    get() {
      if (inMemory !== undefined) return inMemory;
      try {
        return localStorage.getItem(KEY);
      } catch {
        return null;
      }
    },
    set(token) {
      try {
        if (token === null) localStorage.removeItem(KEY);
        else localStorage.setItem(KEY, token);
        inMemory = undefined;
      } catch {
        inMemory = token;
      }
    },
  };
}
