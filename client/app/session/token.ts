/** The session token that is stored in this browser. */

import { browserStorage } from "./safeStorage.ts";

const KEY = "twotrack.token";

export function storedToken(): string | null {
  return browserStorage.get(KEY);
}

export function storeToken(token: string | null): void {
  browserStorage.set(KEY, token);
}
