/** A `fetch` that sends the token along; when the server turns it away, it asks for a new one and tries once more. */

import type { Tokens } from "./tokens.ts";

const LONGEST_REFUSAL = 4_096; // bytes: what is longer is an answer, and not worth reading twice

export function authorizedFetch(tokens: Tokens, fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    const send = (token: string | null) => {
      const headers = new Headers(init?.headers);
      if (token !== null) headers.set("authorization", `Bearer ${token}`);
      return fetch(input, { ...init, headers });
    };
    const token = await tokens.current();
    const response = await send(token);
    if (token === null || !(await isTurnedAway(response))) return response;
    const fresh = await tokens.renew(token);
    return fresh === null || fresh === token ? response : send(fresh);
  };
}

/** The request as a whole was refused. An error with a path is one field's, such as a wrong password's. */
async function isTurnedAway(response: Response): Promise<boolean> {
  if (response.status === 401) return true;
  const { headers } = response;
  if (!headers.get("content-type")?.includes("json") || Number(headers.get("content-length")) > LONGEST_REFUSAL)
    return false;
  const { errors } = await response
    .clone()
    .json()
    .catch(() => ({})); // somebody else's answer, and for its reader to complain about
  return (errors as Refusal[] | undefined)?.some(isWholeRequests) ?? false;
}

function isWholeRequests({ extensions, path }: Refusal): boolean {
  return extensions?.code === "UNAUTHENTICATED" && path === undefined;
}

interface Refusal {
  readonly extensions?: { readonly code?: string };
  readonly path?: unknown;
}
