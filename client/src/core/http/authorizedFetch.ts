/** A `fetch` that sends the token. If the server rejects the token, it renews it and sends the request once more. */

import type { Tokens } from "./tokens.ts";

const LONGEST_REJECTION = 4_096; // bytes: a longer body is a result, and not worth parsing twice

export function authorizedFetch(tokens: Tokens, fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    const send = (token: string | null) => {
      const headers = new Headers(init?.headers);
      if (token !== null) headers.set("authorization", `Bearer ${token}`);
      return fetch(input, { ...init, headers });
    };
    const token = await tokens.current();
    const response = await send(token);
    if (token === null || !(await isTokenRejected(response))) return response;
    const renewed = await tokens.renew(token);
    return renewed === null || renewed === token ? response : send(renewed);
  };
}

async function isTokenRejected(response: Response): Promise<boolean> {
  if (response.status === 401) return true;
  const { headers } = response;
  if (!headers.get("content-type")?.includes("json") || Number(headers.get("content-length")) > LONGEST_REJECTION)
    return false;
  const { errors } = await response
    .clone()
    .json()
    .catch(() => ({})); // not from our server: the caller reports it
  return (errors as RequestError[] | undefined)?.some(rejectsRequest) ?? false;
}

/** True if the error is about the request as a whole. An error with a path is one field's, such as a wrong password. */
function rejectsRequest({ extensions, path }: RequestError): boolean {
  return extensions?.code === "UNAUTHENTICATED" && path === undefined;
}

interface RequestError {
  readonly extensions?: { readonly code?: string };
  readonly path?: unknown;
}
