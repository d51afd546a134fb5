/**
 * The session of the signed-in user, and its client. Each session has its own client, so that no cache is shared. A guest
 * with a reader link has a session of this page alone, also in a browser where a user is signed in.
 */

import { createSession, type TokenStorage } from "@twotrack/client";
import { createTwotrackClient, type TwotrackClient } from "@twotrack/client/apollo";
import { useSyncExternalStore } from "react";
import { RefreshTokenDocument, SignOutDocument } from "../documents.ts";
import { currentLink } from "../ui/router.ts";
import { storedToken, storeToken } from "./token.ts";

export interface Session {
  readonly client: TwotrackClient;
  /** Undefined if nobody is signed in, and once the link of a guest has ended. */
  readonly user: string | undefined;
  /** Shown on the sign-in page: why the last session ended. */
  readonly notice: string | undefined;
}

const SESSION_ENDED = "Your session has ended. Sign in again to continue where you left off.";

let notice: string | undefined;
const link = currentLink();
const tokens = createSession({
  storage: link?.role === "reader" ? inMemory(link.token) : { get: storedToken, set: storeToken },
  async refresh() {
    const { data } = await session.client.mutate({ mutation: RefreshTokenDocument });
    if (!data) throw new TypeError("The server returned no token."); // tries again later
    return data.refreshToken.token;
  },
  onSignedOut: (reason) => {
    notice = reason === "expired" ? SESSION_ENDED : undefined;
  },
});

let session = openSession();
const listeners = new Set<() => void>();

tokens.subscribe(() => {
  session.client.stop();
  session = openSession();
  for (const listener of listeners) listener();
});

export function useSession(): Session {
  return useSyncExternalStore(subscribe, currentSession);
}

export function currentSession(): Session {
  return session;
}

export function signIn(token: string): void {
  tokens.signIn(token);
}

/** Ends the session on this page at once. The server ends it too, if it can be reached. */
export function signOut(): void {
  session.client.mutate({ mutation: SignOutDocument, variables: {} }).catch(() => {});
  tokens.signOut();
}

function inMemory(token: string | null): TokenStorage {
  let held = token;
  return {
    get: () => held,
    set: (token) => {
      held = token;
    },
  };
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function openSession(): Session {
  const user = tokens.user();
  const client = createTwotrackClient({ url: "/graphql", token: user === undefined ? null : tokens.tokenSource() });
  return { client, user, notice: user === undefined ? notice : undefined };
}
