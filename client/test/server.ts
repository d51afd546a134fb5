/** A small Twotrack server in this process. The test decides when it responds, sends frames and closes sockets. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { GraphQLError, graphql, parse } from "graphql";
import { createHandler } from "graphql-sse/lib/use/http";
import { CloseCode } from "graphql-ws";
import { useServer as serve } from "graphql-ws/use/ws";
import { type WebSocket, WebSocketServer } from "ws";
import { schema, TestData } from "./testData.ts";

interface Held {
  readonly name: string;
  release(): void;
  fail(): void;
}

type Answer = { data?: unknown; errors?: unknown };

export class TestServer extends TestData {
  /** The names of all received operations, in order. */
  readonly operations: string[] = [];
  readonly connects: (string | undefined)[] = [];
  sockets = new Set<WebSocket>();
  /** Rejects these tokens: with 4403 on a socket, with UNAUTHENTICATED over HTTP. */
  readonly refused = new Set<string>();
  closeConnectsWith: number | undefined;
  answerPings = true;
  pings = 0;
  /** Responses to these operations wait until the test releases them. They are computed before they wait. */
  readonly holding = new Set<string>();
  readonly held: Held[] = [];
  httpFails = false;
  #refusals: GraphQLError[] = [];
  #http: Server;
  #accepting = true;

  static async start(): Promise<TestServer> {
    const server = new TestServer();
    await new Promise<void>((done) => server.#http.listen(0, "127.0.0.1", done));
    return server;
  }

  private constructor() {
    super();
    this.#http = createServer((request, response) => {
      const { accept = "" } = request.headers; // urql's queries accept everything
      const isStream = accept.includes("text/event-stream") && !accept.includes("json");
      if (isStream && this.buffersStreams) return;
      const answer = isStream ? this.#overSse(request, response) : this.#overHttp(request, response);
      answer.catch(() => response.destroy()); // the client disconnected
    });
    const sockets = new WebSocketServer({ noServer: true, autoPong: false });
    this.#http.on("upgrade", (request, socket, head) => {
      if (this.swallowsHandshakes) return void this.#swallowed.push(socket);
      if (!this.#accepting || this.blocksSockets) return socket.destroy();
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        this.sockets.add(webSocket);
        webSocket.on("close", () => this.sockets.delete(webSocket));
        if (this.closeConnectsWith !== undefined) {
          this.connects.push(undefined);
          return webSocket.close(this.closeConnectsWith);
        }
        sockets.emit("connection", webSocket, request);
      });
    });
    serve(
      {
        schema,
        roots: { subscription: this.subscriptions() },
        onConnect: ({ connectionParams, extra }) => {
          const token = bearer(connectionParams?.authorization);
          this.connects.push(token);
          if (token !== undefined && this.refused.has(token)) extra.socket.close(CloseCode.Forbidden, "Forbidden");
        },
        onSubscribe: (_, __, { operationName }) => {
          this.operations.push(operationName ?? "?");
          const refusal = this.#refusals.shift();
          return refusal ? [refusal] : undefined;
        },
      },
      sockets,
    );
    sockets.on("connection", (socket) => this.#watchPings(socket));
  }

  #watchPings(socket: WebSocket): void {
    const emit = socket.emit.bind(socket);
    socket.emit = (event: string, ...args: unknown[]) => {
      const isPing = event === "message" && String(args[0]).includes('"type":"ping"');
      if (isPing) this.pings++;
      return isPing && !this.answerPings ? true : emit(event, ...args);
    };
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}/graphql`;
  }

  /** Replaces `fetch`: executes on the same schema without a network. */
  readonly fetch: typeof fetch = async (_, init) => {
    const { query, variables, operationName } = JSON.parse(String(init?.body));
    this.operations.push(operationName);
    if (this.httpFails || !this.#accepting) throw new TypeError("fetch failed");
    const token = bearer(new Headers(init?.headers).get("authorization"));
    const answer =
      token !== undefined && this.refused.has(token)
        ? { data: null, errors: [{ message: "Sign in again.", extensions: { code: "UNAUTHENTICATED" } }] }
        : await graphql({ schema, source: query, variableValues: variables, rootValue: this.root() });
    const body = JSON.stringify(answer satisfies Answer);
    if (this.holding.has(operationName)) await this.#hold(operationName, init?.signal);
    return new Response(body, { headers: { "content-type": "application/graphql-response+json" } });
  };

  async #overHttp(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { authorization } = request.headers;
    const body = await text(request);
    if (this.httpFails || !this.#accepting) return void response.destroy();
    const answer = await this.fetch("", { body, headers: authorization ? { authorization } : {} });
    response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
  }

  readonly #overSse = createHandler({
    authenticate: ({ headers }) => {
      const token = bearer(headers.get("authorization"));
      return token !== undefined && this.refused.has(token)
        ? [null, { status: 401, statusText: "Unauthorized" }]
        : null;
    },
    onSubscribe: (_, { query, operationName, variables }) => {
      this.operations.push(operationName ?? "?");
      const rootValue = this.subscriptions();
      const document = parse(query);
      return {
        schema,
        document,
        variableValues: variables,
        operationName,
        rootValue,
        contextValue: undefined,
      };
    },
  });

  #hold(name: string, signal: AbortSignal | null | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.held.push({ name, release: resolve, fail: () => reject(new TypeError("fetch failed")) });
      signal?.addEventListener("abort", () => reject(new DOMException("Aborted", "AbortError")));
    });
  }

  /** The next subscription is refused with this error. */
  refuseNext(code: string, extensions: Record<string, unknown> = {}): void {
    this.#refusals.push(new GraphQLError("Later.", { extensions: { code, ...extensions } }));
  }

  // What happens to the network

  cut(code?: number): void {
    for (const socket of this.sockets) code === undefined ? socket.terminate() : socket.close(code);
  }

  /** Like a proxy that rejects WebSockets. */
  blocksSockets = false;

  /** Like a proxy that accepts the handshake and never answers it. */
  swallowsHandshakes = false;
  readonly #swallowed: Duplex[] = [];

  /** Like a proxy that buffers a response until it is complete. */
  buffersStreams = false;

  /** Like a server that is down. */
  refuseConnects(): void {
    this.#accepting = false;
    this.cut();
  }

  cutHttp(): void {
    this.#http.closeAllConnections();
  }

  acceptConnects(): void {
    this.#accepting = true;
  }

  count(name: string): number {
    return this.operations.filter((operation) => operation === name).length;
  }

  async stop(): Promise<void> {
    this.cut();
    for (const socket of this.#swallowed) socket.destroy();
    this.#http.closeAllConnections();
    await new Promise((done) => this.#http.close(done));
  }
}

function bearer(authorization: unknown): string | undefined {
  return typeof authorization === "string" ? authorization.replace("Bearer ", "") : undefined;
}
