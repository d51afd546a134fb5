/** Queries and mutations by POST, subscriptions over graphql-transport-ws, with what earlier answers told. */

import type { Fetcher, FetcherParams } from "@graphiql/toolkit";
import { type ExecutionResult, getOperationAST, parse } from "graphql";
import { type Client, createClient } from "graphql-ws";
import type { Memory } from "./memory.ts";

export function createFetcher(url: URL, memory: Memory): Fetcher {
  return async ({ query, operationName, variables }, options) => {
    const operation = getOperationAST(parse(query), operationName);
    if (operation == null) throw new Error("Put the cursor into the operation to run: this tab has several.");
    const headers = authorized(options?.headers ?? {}, memory);
    const request = { query, operationName: operation.name?.value, variables: memory.fill(operation, variables ?? {}) };
    if (operation.operation === "subscription") return follow(url, request, headers);
    const result = await post(url, request, headers);
    memory.learn(result.data);
    return result;
  };
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
async function* follow(url: URL, request: FetcherParams, headers: Record<string, string>) {
  const socket = new URL(url);
  socket.protocol = url.protocol.replace("http", "ws");
  const client: Client = createClient({ url: socket.href, connectionParams: headers, lazyCloseTimeout: 0 });
  try {
    yield* client.iterate<Record<string, unknown>>({
      ...request,
      operationName: request.operationName ?? null,
      variables: request.variables as Record<string, unknown>,
    });
  } catch (cause) {
    throw cause instanceof CloseEvent
      ? new Error(`The server closed the socket: ${cause.code} ${cause.reason}`)
      : cause;
  } finally {
    await client.dispose();
  }
}
