/**
 * Stands in the page itself and runs before its scripts are there: asks what the page has to know, so that the answers
 * come while the scripts are still on their way.
 */

import { storedToken } from "../session/token.ts";
import { chatIdIn } from "../ui/paths.ts";
import type { Answer, Early } from "./fillCache.ts";

interface Request {
  readonly variables: object;
}

/** What the page's own client would send; the build puts them here. */
declare const REQUESTS: { readonly list: Request; readonly chat: Request };

const ANSWER_WITHIN_MS = 1_000; // nothing is on the page until then; later, it says that it loads, and asks by itself

const token = storedToken();
if (token !== null) window.early = ask(token, chatIdIn(location.pathname));
new Intl.DateTimeFormat(); // the first one of a page takes a slow machine long, which now has nothing else to do

function ask(token: string, chatId: string | undefined): Early {
  const { list, chat } = REQUESTS;
  return {
    token,
    list: answer(token, list),
    chat: chatId === undefined ? undefined : answer(token, { ...chat, variables: { ...chat.variables, id: chatId } }),
    chatId,
  };
}

/** Undefined where none came: that is for the page to mend, or to say. */
async function answer(token: string, request: Request): Promise<Answer | undefined> {
  try {
    const response = await fetch("/graphql", {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json", authorization: `Bearer ${token}` },
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    return await response.json();
  } catch {
    return undefined;
  }
}
