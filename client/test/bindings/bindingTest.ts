/** The server and the page of one test at a time, on one binding. */

import type { Message } from "../rows.ts";
import { TestServer } from "../server.ts";
import { type Binding, eventually, type Options, type Shown, show } from "./harness.tsx";

const STREAM = "MessageStream message-1";

export class BindingTest {
  #server: TestServer | undefined;
  #shown: Shown | undefined;
  readonly #binding: Binding;

  constructor(binding: Binding) {
    this.#binding = binding;
  }

  async start(): Promise<TestServer> {
    this.#server = await TestServer.start();
    return this.#server;
  }

  async stop(): Promise<void> {
    this.#shown?.unmount();
    this.#shown?.connected.close();
    this.#shown = undefined;
    await this.#server?.stop();
  }

  get server(): TestServer {
    return this.#server as TestServer;
  }

  open(options?: Options): Shown {
    this.#shown = show(this.#binding, this.server, options);
    return this.#shown;
  }

  /** Opens a page with one message that streams. */
  async openStreaming({ row, ...options }: Options & { row?: Partial<Message> } = {}): Promise<Shown> {
    this.server.add({ status: "STREAMING", content: "Once", ...row });
    const page = this.open(options);
    await eventually(() => page.text("message-1"), "Once");
    await eventually(() => this.server.live.includes(STREAM), true);
    return page;
  }

  /** How many subscriptions of message-1 are live. */
  streams(): number {
    return this.server.live.filter((name) => name === STREAM).length;
  }
}
