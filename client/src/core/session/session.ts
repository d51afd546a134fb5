/** Who is signed in: keeps the token, renews it ahead of time, once for all tabs, and says when the session is over. */

import { claimsOf } from "./claims.ts";
import { defaultStorage, type TokenStorage } from "./storage.ts";
import { exclusively, otherTabs } from "./tabs.ts";

const RETRY_MS = 60_000; // after a renewal that failed
const MIN_DELAY_MS = 5_000; // a token with wrong times must not be renewed in a loop
const MAX_DELAY_MS = 2 ** 31 - 1; // browsers fire a longer timer at once

/** `signedOut`: by the user, here or in another tab. `expired`: the server no longer accepts the token. */
export type SignOutReason = "signedOut" | "expired";

export interface SessionOptions {
  /**
   * Returns a new token for the current one, for example with the mutation `refreshToken`, or null if the session is over.
   * If it throws, it is called again after a minute.
   */
  readonly refresh: (token: string) => Promise<string | null>;
  /** By default `localStorage`, or memory where there is none. */
  readonly storage?: TokenStorage;
  /** Called when the session is over, in every tab. */
  readonly onSignedOut?: (reason: SignOutReason) => void;
}

export interface Session {
  /** Id of the signed-in user; undefined if nobody is signed in. */
  user(): string | undefined;
  /** Calls back whenever `user()` has changed. Returns a function that ends this. */
  subscribe(listener: () => void): () => void;
  /** The `token` for a client of the user who is signed in now. It returns null once another user has signed in. */
  tokenSource(): (rejected?: string) => string | null;
  signIn(token: string): void;
  signOut(): void;
  /** Stops the renewal. The token stays. */
  close(): void;
}

export function createSession({ refresh, storage = defaultStorage(), onSignedOut }: SessionOptions): Session {
  const listeners = new Set<() => void>();
  let user = userOf(storage.get());
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isClosed = false;

  /** Compares the stored token with the known user. Any tab may have changed it. */
  const check = (reason: SignOutReason) => {
    const next = userOf(storage.get());
    scheduleRenewal();
    if (next === user) return;
    user = next;
    if (user === undefined) onSignedOut?.(reason);
    for (const listener of listeners) listener();
  };

  const store = (token: string | null, reason: SignOutReason = "signedOut") => {
    storage.set(token);
    tabs.notify(reason);
    check(reason);
  };

  const scheduleRenewal = () => {
    const token = storage.get() ?? "";
    const claims = claimsOf(token);
    // At half of its lifetime, so that a laptop can sleep for the other half and still be signed in.
    if (claims) schedule(token, ((claims.iat + claims.exp) / 2) * 1000 - Date.now());
    else clearTimeout(timer);
  };

  const schedule = (token: string, delay: number) => {
    clearTimeout(timer);
    if (!isClosed) timer = setTimeout(() => void renew(token), Math.min(Math.max(delay, MIN_DELAY_MS), MAX_DELAY_MS));
  };

  const renew = (token: string) =>
    exclusively(async () => {
      if (token !== storage.get()) return scheduleRenewal(); // another tab has renewed it
      try {
        const renewed = await refresh(token);
        if (isClosed || token !== storage.get()) return;
        store(renewed, "expired");
      } catch {
        if (token === storage.get()) schedule(token, RETRY_MS);
      }
    });

  const tabs = otherTabs((message) => check(message === "expired" ? "expired" : "signedOut"));
  scheduleRenewal();

  return {
    user: () => user,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    tokenSource() {
      const owner = user;
      return (rejected) => {
        // Another tab may have renewed the token meanwhile. Then only the old one is refused.
        if (rejected !== undefined && rejected === storage.get()) store(null, "expired");
        const token = storage.get();
        return owner !== undefined && userOf(token) === owner ? token : null;
      };
    },
    signIn: (token) => store(token),
    signOut: () => store(null),
    close() {
      isClosed = true;
      clearTimeout(timer);
      tabs.close();
    },
  };
}

/** A token that is no JSON Web Token identifies its user itself. */
function userOf(token: string | null): string | undefined {
  return token === null ? undefined : (claimsOf(token)?.sub ?? token);
}
