/** A small Twotrack in this process whose every answer, frame and close happens when the test says so. */

import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { buildSchema, GraphQLError, type GraphQLSchema, graphql, parse } from "graphql";
import { createHandler } from "graphql-sse/lib/use/http";
import { CloseCode } from "graphql-ws";
import { useServer as serve } from "graphql-ws/use/ws";
import { type WebSocket, WebSocketServer } from "ws";
import { Channel } from "./channel.ts";
import { ADA, CHAT, chatOf, type Message, newMessage } from "./rows.ts";

interface SyncEvent {
  id: string;
  revision: number;
  deleted: boolean;
}

type StreamEvent = { messageStream: Message | (() => never) };

interface Held {
  readonly name: string;
  release(): void;
  fail(): void;
}

type Answer = { data?: unknown; errors?: unknown };

export class TestServer {
  readonly messages: Message[] = [];
  title = "A chat";
  revision = 1;
  deleted = false;
  /** Keeps the events back, as a slow bus does. */
  silent = false;
  /** What was sent before under the key that comes next. */
  sent: string | undefined;
  /** The keys that messages were sent with. */
  readonly keys: string[] = [];
  /** Every operation that arrived, by name, in order. */
  readonly operations: string[] = [];
  /** The operations that are live on a socket right now, by name and id. */
  readonly live: string[] = [];
  readonly connects: (string | undefined)[] = [];
  sockets = new Set<WebSocket>();
  /** Refuses these tokens: 4403 on a socket, UNAUTHENTICATED over HTTP. */
  readonly refused = new Set<string>();
  closeConnectsWith: number | undefined;
  answerPings = true;
  pings = 0;
  /** Answers to these operations wait until they are released. They are read from the rows before they wait. */
  readonly holding = new Set<string>();
  readonly held: Held[] = [];
  httpFails = false;
  #streams = new Map<string, Set<Channel<StreamEvent>>>();
  #syncs = new Map<string, Set<Channel<{ sync: SyncEvent }>>>();
  #refusals: GraphQLError[] = [];
  #http: Server;
  #schema: GraphQLSchema;
  #accepting = true;

  static async start(): Promise<TestServer> {
    const server = new TestServer();
    await new Promise<void>((done) => server.#http.listen(0, "127.0.0.1", done));
    return server;
  }

  private constructor() {
    this.#schema = buildSchema(readFileSync("../schema.graphql", "utf8"));
    this.#http = createServer((request, response) => {
      const isStream = request.headers.accept?.includes("text/event-stream");
      if (isStream && this.holdsStreamsBack) return;
      const answer = isStream ? this.#overSse(request, response) : this.#overHttp(request, response);
      answer.catch(() => response.destroy()); // its asker left in the middle of asking
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
        schema: this.#schema,
        roots: { subscription: this.#subscriptions() },
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
    sockets.on("connection", (socket) => this.#overhearPings(socket));
  }

  #overhearPings(socket: WebSocket): void {
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

  /** Stands in for `fetch`: the same schema without a network in between. */
  readonly fetch: typeof fetch = async (_, init) => {
    const { query, variables, operationName } = JSON.parse(String(init?.body));
    this.operations.push(operationName);
    if (this.httpFails || !this.#accepting) throw new TypeError("fetch failed");
    const token = bearer(new Headers(init?.headers).get("authorization"));
    const answer =
      token !== undefined && this.refused.has(token)
        ? { data: null, errors: [{ message: "Sign in again.", extensions: { code: "UNAUTHENTICATED" } }] }
        : await graphql({ schema: this.#schema, source: query, variableValues: variables, rootValue: this.#root() });
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
      const rootValue = this.#subscriptions();
      const document = parse(query);
      return {
        schema: this.#schema,
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

  // What others do to the rows

  add(fields: Partial<Message> = {}): Message {
    const message = newMessage({ id: `message-${this.messages.length + 1}`, ...fields });
    this.messages.push(message);
    return message;
  }

  /** A change on the sync track: the chat's revision rises, and whoever follows it hears so. */
  touch(): void {
    this.revision++;
    this.announce({ id: CHAT, revision: this.revision, deleted: false });
  }

  announce(event: SyncEvent): void {
    if (this.silent) return;
    for (const channel of this.#syncs.get(event.id) ?? []) channel.push({ sync: event });
  }

  /** The next frame of a message's stream: the whole message, one revision on. */
  frame(id: string, fields: Partial<Message> = {}): Message {
    const index = this.messages.findIndex((message) => message.id === id);
    const known = this.messages[index] as Message;
    const message = { ...known, revision: known.revision + 1, ...fields };
    message.streaming = message.status === "STREAMING";
    this.messages[index] = message;
    for (const channel of [...(this.#streams.get(id) ?? [])]) {
      channel.push({ messageStream: message });
      if (!message.streaming) channel.end();
    }
    return message;
  }

  remove(id: string): void {
    this.messages.splice(
      this.messages.findIndex((message) => message.id === id),
      1,
    );
    for (const channel of [...(this.#streams.get(id) ?? [])]) {
      channel.push(GONE);
      channel.end();
    }
  }

  /** Ends a message's streams although it is still being written. */
  completeEarly(id: string): void {
    for (const channel of [...(this.#streams.get(id) ?? [])]) channel.end();
  }

  /** The next subscription is refused with this. */
  refuseNext(code: string, extensions: Record<string, unknown> = {}): void {
    this.#refusals.push(new GraphQLError("Later.", { extensions: { code, ...extensions } }));
  }

  // What happens to the line

  cut(code?: number): void {
    for (const socket of this.sockets) code === undefined ? socket.terminate() : socket.close(code);
  }

  /** As a proxy that knows nothing of WebSockets. */
  blocksSockets = false;

  /** As one that waits for an answer which it does not understand. */
  swallowsHandshakes = false;
  readonly #swallowed: Duplex[] = [];

  /** As one that hands an answer on when it is there as a whole. */
  holdsStreamsBack = false;

  /** As a server that is away. */
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

  // The schema's roots

  #root() {
    return {
      node: ({ id }: { id: string }) => (id === CHAT && !this.deleted ? this.#chat() : null),
      chat: ({ id }: { id: string }) => (id === CHAT && !this.deleted ? this.#chat() : null),
      message: ({ id }: { id: string }) => this.messages.find((message) => message.id === id) ?? null,
      sendMessage: ({ input }: { input: { content: string; reply: boolean; idempotencyKey: string } }) => {
        this.keys.push(input.idempotencyKey);
        const sent = this.messages.find((message) => message.id === this.sent);
        if (sent) return { message: sent, reply: null, chat: this.#chat() };
        const message = this.add({
          role: "USER",
          content: input.content,
          author: ADA,
        });
        const reply = input.reply ? this.add({ status: "STREAMING" }) : null;
        this.touch();
        return { message, reply, chat: this.#chat() };
      },
    };
  }

  #chat() {
    return chatOf({ title: this.title, revision: this.revision, rows: [...this.messages] });
  }

  #subscriptions() {
    return {
      messageStream: ({ id }: { id: string }) => {
        const message = this.messages.find((row) => row.id === id);
        const channel = this.#open(this.#streams, id, `MessageStream ${id}`);
        channel.push(message ? { messageStream: message } : GONE);
        if (!message?.streaming) channel.end();
        return channel;
      },
      sync: ({ ids: [id] }: { ids: string[] }) => {
        const channel = this.#open(this.#syncs, id as string, `Sync ${id}`);
        channel.push({ sync: { id: id as string, revision: this.revision, deleted: id !== CHAT } });
        return channel;
      },
    };
  }

  #open<Event>(channels: Map<string, Set<Channel<Event>>>, id: string, name: string): Channel<Event> {
    const followers = channels.get(id) ?? new Set();
    channels.set(id, followers);
    this.live.push(name);
    const channel = new Channel<Event>(() => {
      followers.delete(channel);
      this.live.splice(this.live.indexOf(name), 1);
    });
    followers.add(channel);
    return channel;
  }
}

function bearer(authorization: unknown): string | undefined {
  return typeof authorization === "string" ? authorization.replace("Bearer ", "") : undefined;
}

/** Deleted, or not the viewer's to see: resolves to `data: null` and an error. */
const GONE: StreamEvent = {
  messageStream: () => {
    throw new GraphQLError("There is no such message.", { extensions: { code: "NOT_FOUND" } });
  },
};
