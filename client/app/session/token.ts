/** The session token that is stored in this browser, and the claims in it. */

import { browserStorage } from "./safeStorage.ts";

const KEY = "twotrack.token";

export function storedToken(): string | null {
  return browserStorage.get(KEY);
}

export function storeToken(token: string | null): void {
  browserStorage.set(KEY, token);
}

/** Calls back when another tab signs in, signs out, or renews the token. */
export function onTokenChange(listener: () => void): void {
  addEventListener("storage", ({ key }) => {
    if (key === KEY || key === null) listener();
  });
}

export interface Claims {
  readonly sub: string;
  readonly iat: number;
  readonly exp: number;
}

/** Claims of a token, unverified. Only the server verifies them; the page uses them to schedule the renewal. */
export function claimsOf(token: string): Claims | undefined {
  try {
    const [, payload = ""] = token.split(".");
    return JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
  } catch {
    return undefined;
  }
}
