/**
 * Inlined in index.html, so it runs before the page's scripts have loaded. Sends the page's first queries, so that their
 * responses arrive while the scripts are still loading.
 */

import { storedToken } from "../session/token.ts";
import { chatIdFromPath, linkFromAddress } from "../ui/paths.ts";
import type { GraphQLResponse, Preloaded } from "./fillCache.ts";

interface Request {
  readonly variables: object;
}

/** Request bodies as the page's own client would send them. The build fills them in (`vitePlugin.ts`). */
declare const REQUESTS: { readonly chatList: Request; readonly chat: Request };

/** The page stays blank until then. If it takes longer, the page starts, shows that it is loading, and queries itself. */
const TIMEOUT_MS = 1_000;

const token = storedToken();
if (token !== null && linkFromAddress(location) === undefined)
  window.preloaded = preload(token, chatIdFromPath(location.pathname));
new Intl.DateTimeFormat(); // the first one takes long on a slow machine, which is idle now

function preload(token: string, chatId: string | undefined): Preloaded {
  const { chatList, chat } = REQUESTS;
  return {
    token,
    chatList: send(token, chatList),
    chat: chatId === undefined ? undefined : send(token, { ...chat, variables: { ...chat.variables, id: chatId } }),
    chatId,
  };
}

/** Resolves to undefined if there is no response. The page then sends the query itself, and shows the error. */
async function send(token: string, request: Request): Promise<GraphQLResponse | undefined> {
  try {
    const response = await fetch("/graphql", {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return await response.json();
  } catch {
    return undefined;
  }
}
