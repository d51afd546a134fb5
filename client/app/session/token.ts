/** The token that is kept in this browser, and what it says about itself. */

import { kept } from "./safeStorage.ts";

const KEY = "twotrack.token";

export function storedToken(): string | null {
  return kept.get(KEY);
}

export function storeToken(token: string | null): void {
  kept.set(KEY, token);
}

/** Calls back when another tab signs in, signs out, or renews. */
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

/** Unverified, which is the server's part: good for knowing when to renew, and whose it is. */
export function claimsOf(token: string): Claims | undefined {
  try {
    const [, payload = ""] = token.split(".");
    return JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
  } catch {
    return undefined;
  }
}
