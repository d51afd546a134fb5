/** Queries and mutations by POST, subscriptions over graphql-transport-ws, with what earlier answers told. */

import type { Fetcher, FetcherParams } from "@graphiql/toolkit";
import { type ExecutionResult, GraphQLError, getOperationAST, parse } from "graphql";
import { type Client, createClient } from "graphql-ws";
import type { Memory } from "./memory.ts";

export function createFetcher(url: URL, memory: Memory): Fetcher {
  return async ({ query, operationName, variables }, options) => {
    const document = parse(query);
    // Just after a change of tabs, GraphiQL still names the other tab's operation.
    const operation = getOperationAST(document, operationName) ?? getOperationAST(document);
    if (operation == null) return said("This tab has several operations: put the cursor into the one to run.");
    const filled = memory.fill(operation, variables ?? {});
    if (typeof filled === "string") return said(filled);
    const headers = authorized(options?.headers ?? {}, memory);
    const request = { query, operationName: operation.name?.value, variables: filled };
    if (operation.operation === "subscription") return follow(url, request, headers);
    const result = await post(url, request, headers);
    memory.learn(result.data);
    return result;
  };
}

/** A refusal of our own, in the shape of the server's: GraphiQL shows whatever is thrown with its stack. */
function said(message: string): ExecutionResult {
  return { errors: [new GraphQLError(message)] };
}

/** The tab's own headers, whose names may be in any case, and the token unless they bring one. */
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

/** A socket for each run: it carries the headers of this run's tab. Leaving the loop, by Stop, closes it. */
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
    if (cause instanceof CloseEvent) yield said(`The server closed the socket: ${cause.code} ${cause.reason}`);
    else if (Array.isArray(cause)) yield { errors: cause };
    else throw cause;
  } finally {
    await client.dispose();
  }
}
