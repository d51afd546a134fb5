/** The session of the signed-in user, and its client. Each session has its own client, so that no cache is shared. */

import { createTwotrackClient, type TwotrackClient } from "@twotrack/client/apollo";
import { useSyncExternalStore } from "react";
import { RefreshTokenDocument } from "../documents.ts";
import { claimsOf, onTokenChange, storedToken, storeToken } from "./token.ts";

export interface Session {
  readonly client: TwotrackClient;
  /** Undefined if nobody is signed in. */
  readonly user: string | undefined;
  /** Shown on the sign-in page: why the last session ended. */
  readonly notice: string | undefined;
}

const SESSION_ENDED = "Your session has ended. Sign in again to continue where you left off.";
const RENEWAL_RETRY_MS = 60_000;
const MIN_RENEWAL_DELAY_MS = 5_000; // a token with wrong times must not make the page renew it in a loop
const MAX_TIMER_MS = 2 ** 31 - 1; // browsers fire a longer timer at once

const listeners = new Set<() => void>();
let session = openSession();
let renewal: ReturnType<typeof setTimeout> | undefined;

scheduleRenewal();
onTokenChange(() => {
  if (userOf(storedToken()) !== session.user) switchTo(openSession());
});

export function useSession(): Session {
  return useSyncExternalStore(subscribe, () => session);
}

export function currentSession(): Session {
  return session;
}

export function signIn(token: string): void {
  storeToken(token);
  switchTo(openSession());
}

export function signOut(notice?: string): void {
  storeToken(null);
  switchTo(openSession(notice));
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function openSession(notice?: string): Session {
  const user = userOf(storedToken());
  return { client: createTwotrackClient({ url: "/graphql", token: user ? currentToken(user) : null }), user, notice };
}

function switchTo(next: Session): void {
  session.client.stop();
  session = next;
  scheduleRenewal();
  for (const listener of listeners) listener();
}

function userOf(token: string | null): string | undefined {
  return token === null ? undefined : (claimsOf(token)?.sub ?? token);
}

/**
 * The user's token. If the server refused the stored token, the session ends, unless another tab has renewed the token
 * meanwhile. Null once another user has signed in: what the old client still sends must not be sent in their name.
 */
function currentToken(user: string): (refused?: string) => string | null {
  return (refused) => {
    if (refused !== undefined && refused === storedToken()) signOut(SESSION_ENDED);
    const token = storedToken();
    return userOf(token) === user ? token : null;
  };
}

/** Renews the token at half of its lifetime, so that a laptop can sleep for the other half and still be signed in. */
function scheduleRenewal(): void {
  clearTimeout(renewal);
  const claims = claimsOf(storedToken() ?? "");
  if (claims === undefined) return;
  const due = ((claims.iat + claims.exp) / 2) * 1000 - Date.now();
  renewal = setTimeout(renew, Math.min(Math.max(due, MIN_RENEWAL_DELAY_MS), MAX_TIMER_MS));
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
