/** The real server with a new database, behind a network that the test can cut. */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

const EXECUTABLE = "../.venv/bin/twotrack";
const STARTED_WITHIN_MS = 60_000;

export interface Person {
  readonly token: string;
  readonly id: string;
  readonly email: string;
}

export class RealServer {
  readonly #folder: string;
  readonly #process: ChildProcess;
  readonly #network: Network;
  readonly #address: string;
  #log = "";
  /** The names of all queries and mutations that the page has sent. */
  readonly operations: string[] = [];

  static async start(model = "scripted?chars=2400&rate=1200"): Promise<RealServer> {
    const port = await freePort();
    const server = new RealServer(port, model, await Network.to(port));
    await server.#isUp();
    return server;
  }

  private constructor(port: number, model: string, network: Network) {
    this.#folder = mkdtempSync(join(tmpdir(), "twotrack-"));
    this.#network = network;
    this.#address = `http://127.0.0.1:${port}`;
    const settings = {
      TWOTRACK_DATABASE_URL: `sqlite+aiosqlite:///${join(this.#folder, "test.db")}`,
      TWOTRACK_MODEL: model,
      TWOTRACK_MESSAGES_PER_MINUTE: "0", // one user does the work of many
      TWOTRACK_REPLIES_AT_ONCE: "0",
      TWOTRACK_CADENCE_SECONDS: "0.1",
      TWOTRACK_PATIENCE_SECONDS: "1",
      TWOTRACK_GRACE_SECONDS: "1",
    };
    this.#process = spawn(EXECUTABLE, ["serve", "--port", String(port)], {
      env: { ...process.env, ...settings },
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#process.stderr?.on("data", (words) => {
      this.#log += words;
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#network.port}/graphql`;
  }

  readonly fetch: typeof fetch = (input, init) => {
    this.operations.push(JSON.parse(String(init?.body)).operationName);
    return fetchOverNode(String(input), init);
  };

  count(name: string): number {
    return this.operations.filter((operation) => operation === name).length;
  }

  cut(): void {
    this.#network.cut();
  }

  /** Sends an operation directly to the server. */
  async ask<Data>(query: string, variables: Record<string, unknown> = {}, token?: string): Promise<Data> {
    const response = await fetchOverNode(`${this.#address}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = (await response.json()) as { data: Data; errors?: unknown };
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  }

  async signUp(name: string): Promise<Person> {
    const email = `${name.toLowerCase()}-${crypto.randomUUID()}@example.com`;
    const { signUp } = await this.ask<{ signUp: { token: string; viewer: { user: { id: string } } } }>(
      "mutation($input: SignUpInput!) { signUp(input: $input) { token viewer { user { id } } } }",
      { input: { name, email, password: "correct horse battery" } },
    );
    return { token: signUp.token, id: signUp.viewer.user.id, email };
  }

  async chatOf(owner: Person, ...others: Person[]): Promise<string> {
    const { createChat } = await this.ask<{ createChat: { chat: { id: string } } }>(
      "mutation { createChat { chat { id } } }",
      {},
      owner.token,
    );
    const chatId = createChat.chat.id;
    for (const { email } of others)
      await this.do("addParticipant", "ParticipantInput", { chatId, email }, owner, "chat { id }");
    return chatId;
  }

  /** Executes a mutation. */
  async do<Payload>(name: string, input: string, value: unknown, by: Person, selection: string): Promise<Payload> {
    const query = `mutation($input: ${input}!) { ${name}(input: $input) { ${selection} } }`;
    return (await this.ask<Record<string, Payload>>(query, { input: value }, by.token))[name] as Payload;
  }

  /** Sends a message, and returns the id of its reply. */
  async send(chatId: string, content: string, by: Person): Promise<string> {
    const value = { chatId, content, idempotencyKey: crypto.randomUUID() };
    const sent = await this.do<{ reply: { id: string } }>("sendMessage", "SendMessageInput", value, by, "reply { id }");
    return sent.reply.id;
  }

  async row(id: string, by: Person): Promise<{ content: string; status: string }> {
    const query = "query($id: ID!) { message(id: $id) { content status } }";
    return (await this.ask<{ message: { content: string; status: string } }>(query, { id }, by.token)).message;
  }

  async stop(): Promise<void> {
    this.#network.close();
    const exit = new Promise((done) => this.#process.once("exit", done));
    this.#process.kill("SIGKILL");
    await exit;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #isUp(): Promise<void> {
    const deadline = Date.now() + STARTED_WITHIN_MS;
    for (;;) {
      try {
        if ((await fetchOverNode(`${this.#address}/readyz`)).ok) return;
      } catch {
        // not yet
      }
      if (Date.now() > deadline || this.#process.exitCode !== null)
        throw new Error(`${EXECUTABLE} serve did not start`);
      await new Promise((done) => setTimeout(done, 50));
    }
  }
}

/** Replaces the fetch of happy-dom, whose responses cannot be cloned. */
function fetchOverNode(url: string, init: RequestInit = {}): Promise<Response> {
  return new Promise((resolve, reject) => {
    const headers = Object.fromEntries(new Headers(init.headers));
    const sent = request(url, { method: init.method ?? "GET", headers }, async (answer) => {
      const contentType = answer.headers["content-type"] ?? "";
      resolve(
        new Response(await text(answer), { status: answer.statusCode ?? 0, headers: { "content-type": contentType } }),
      );
    });
    sent.on("error", (cause) => reject(new TypeError("fetch failed", { cause })));
    init.signal?.addEventListener("abort", () => reject(new DOMException("Aborted", "AbortError")));
    sent.end(init.body);
  });
}

/** A TCP proxy in front of the server. */
class Network {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  static async to(port: number): Promise<Network> {
    const network = new Network(port);
    await new Promise<void>((done) => network.#server.listen(0, "127.0.0.1", done));
    return network;
  }

  private constructor(port: number) {
    this.#server = createServer((near) => {
      const far = connect(port, "127.0.0.1");
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(socket);
        socket.on("error", () => {});
        socket.on("close", () => {
          this.#sockets.delete(socket);
          other.destroy();
        });
        socket.pipe(other);
      }
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
