/**
 * A stand-in for a GraphQL gateway between client and server, such as Cosmo's or Apollo's router.
 *
 * When it loses the server it does not close the client's socket: each subscription gets an error with a code of the
 * gateway, and ends. New subscriptions get the same error until the server is back.
 */

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { GraphQLError, parse } from "graphql";
import { type Client, createClient, type ExecutionResult } from "graphql-ws";
import { useServer as serve } from "graphql-ws/use/ws";
import WebSocket, { WebSocketServer } from "ws";

type Payload = Parameters<Client["iterate"]>[0];

export class Gateway {
  /** How many errors of its own it has sent. */
  failures = 0;
  readonly #server: Server;
  readonly #toServer: Client;
  readonly #code: string;

  static async start(serverUrl: string, code: string): Promise<Gateway> {
    const gateway = new Gateway(serverUrl, code);
    await new Promise<void>((done) => gateway.#server.listen(0, "127.0.0.1", done));
    return gateway;
  }

  private constructor(serverUrl: string, code: string) {
    this.#code = code;
    this.#server = createServer();
    this.#toServer = createClient({
      url: serverUrl.replace(/^http/, "ws"),
      webSocketImpl: WebSocket,
      retryAttempts: 0,
    });
    const sockets = new WebSocketServer({ server: this.#server });
    serve(
      {
        onSubscribe: (_, __, { query, operationName, variables }) => ({
          schema: undefined as never, // it forwards, and validates nothing
          document: parse(query),
          variableValues: variables,
          operationName,
        }),
        subscribe: ({ document, variableValues, operationName }) =>
          this.#forward({ query: document.loc?.source.body ?? "", variables: variableValues, operationName }) as never,
        validate: () => [],
      },
      sockets,
    );
  }

  async *#forward(payload: object): AsyncGenerator<ExecutionResult<Record<string, unknown>>> {
    try {
      for await (const { data, errors } of this.#toServer.iterate<Record<string, unknown>>(payload as Payload))
        yield {
          data,
          ...(errors && { errors: errors.map(({ message, ...rest }) => new GraphQLError(message, rest)) }),
        };
    } catch {
      this.failures++;
      const message = "Failed to fetch from Subgraph 'twotrack'.";
      yield { data: null, errors: [new GraphQLError(message, { extensions: { code: this.#code } })] };
    }
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/graphql`;
  }

  async stop(): Promise<void> {
    await this.#toServer.dispose();
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }
}
