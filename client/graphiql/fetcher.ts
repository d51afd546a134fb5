/** Sends queries and mutations by POST, subscriptions over graphql-transport-ws, with the remembered token and variables. */

import type { Fetcher, FetcherParams } from "@graphiql/toolkit";
import { type ExecutionResult, GraphQLError, getOperationAST, parse } from "graphql";
import { type Client, createClient } from "graphql-ws";
import type { Memory } from "./memory.ts";

export function createFetcher(url: URL, memory: Memory): Fetcher {
  return async ({ query, operationName, variables }, options) => {
    const document = parse(query);
    // Right after a change of tabs, GraphiQL still gives the operation name of the other tab.
    const operation = getOperationAST(document, operationName) ?? getOperationAST(document);
    if (operation == null) return refusal("This tab has several operations. Place the cursor in the one to run.");
    const filled = memory.fill(operation, variables ?? {});
    if (typeof filled === "string") return refusal(filled);
    const headers = authorized(options?.headers ?? {}, memory);
    const request = { query, operationName: operation.name?.value, variables: filled };
    if (operation.operation === "subscription") return follow(url, request, headers);
    const result = await post(url, request, headers);
    memory.remember(result.data);
    return result;
  };
}

/** An error in the format of a response. If it were thrown, GraphiQL would show its stack trace. */
function refusal(message: string): ExecutionResult {
  return { errors: [new GraphQLError(message)] };
}

/** The tab's headers, in lower case, and the remembered token unless the tab sets its own. */
function authorized(headers: Record<string, string>, memory: Memory): Record<string, string> {
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const token = memory.token();
  return token === undefined ? lower : { authorization: `Bearer ${token}`, ...lower };
}

async function post(url: URL, request: FetcherParams, headers: Record<string, string>): Promise<ExecutionResult> {
  const response = await fetch(url, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(request),
  });
  return response.json();
}

/** Opens a socket for each run, which sends the headers of that tab. Stop ends the loop and closes the socket. */
async function* follow(
  url: URL,
  request: FetcherParams,
  headers: Record<string, string>,
): AsyncGenerator<ExecutionResult> {
  const socket = new URL(url);
  socket.protocol = url.protocol.replace("http", "ws");
  const client: Client = createClient({ url: socket.href, connectionParams: headers, lazyCloseTimeout: 0 });
  try {
    const { query, operationName, variables } = request;
    yield* client.iterate({ query, operationName, variables }) as AsyncIterable<ExecutionResult>;
  } catch (cause) {
    if (cause instanceof CloseEvent) yield refusal(`The server closed the socket: ${cause.code} ${cause.reason}`);
    else if (Array.isArray(cause)) yield { errors: cause };
    else throw cause;
  } finally {
    await client.dispose();
  }
}
