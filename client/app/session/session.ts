/** Who is signed in on this browser, and the client that goes with them: one per session, so that no cache is shared. */

import { createTwotrackClient, type TwotrackClient } from "@twotrack/client/apollo";
import { useSyncExternalStore } from "react";
import { RefreshTokenDocument } from "../documents.ts";
import { claimsOf, onTokenChange, storedToken, storeToken } from "./token.ts";

export interface Session {
  readonly client: TwotrackClient;
  /** Undefined: signed out. */
  readonly user: string | undefined;
  /** Why one finds oneself signed out. */
  readonly notice: string | undefined;
}

const ENDED = "Your session has ended. Sign in again to go on where you were.";
const RENEWAL_RETRY_MS = 60_000;
const SOONEST_RENEWAL_MS = 5_000; // whatever a token says of its times, the server is not asked all the time
const LONGEST_TIMER_MS = 2 ** 31 - 1; // a longer one fires at once

const listeners = new Set<() => void>();
let session = open();
let renewal: ReturnType<typeof setTimeout> | undefined;

scheduleRenewal();
onTokenChange(() => {
  if (userOf(storedToken()) !== session.user) become(open());
});

export function useSession(): Session {
  return useSyncExternalStore(subscribe, () => session);
}

export function currentSession(): Session {
  return session;
}

export function signIn(token: string): void {
  storeToken(token);
  become(open());
}

export function signOut(notice?: string): void {
  storeToken(null);
  become(open(notice));
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function open(notice?: string): Session {
  const user = userOf(storedToken());
  return { client: createTwotrackClient({ url: "/graphql", token: user ? currentToken(user) : null }), user, notice };
}

function become(next: Session): void {
  session.client.stop();
  session = next;
  scheduleRenewal();
  for (const listener of listeners) listener();
}

function userOf(token: string | null): string | undefined {
  return token === null ? undefined : (claimsOf(token)?.sub ?? token);
}

/**
 * A refused token cannot be renewed any more. But another tab may have renewed it in time. Whatever a client still has
 * to send when somebody else has signed in, it does not send in their name.
 */
function currentToken(user: string): (refused?: string) => string | null {
  return (refused) => {
    if (refused !== undefined && refused === storedToken()) signOut(ENDED);
    const token = storedToken();
    return userOf(token) === user ? token : null;
  };
}

/** At half of its life, so that a laptop may sleep through the other half. */
function scheduleRenewal(): void {
  clearTimeout(renewal);
  const claims = claimsOf(storedToken() ?? "");
  if (claims === undefined) return;
  const due = ((claims.iat + claims.exp) / 2) * 1000 - Date.now();
  renewal = setTimeout(renew, Math.min(Math.max(due, SOONEST_RENEWAL_MS), LONGEST_TIMER_MS));
}

async function renew(): Promise<void> {
  const { client } = session;
  try {
    const { data } = await client.mutate({ mutation: RefreshTokenDocument });
    if (data && client === session.client) storeToken(data.refreshToken.token);
    scheduleRenewal();
  } catch {
    if (session.user !== undefined) renewal = setTimeout(renew, RENEWAL_RETRY_MS);
  }
}
