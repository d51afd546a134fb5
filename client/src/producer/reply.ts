/**
 * One reply: batches, sequence numbers, lease, and how it ends.
 *
 * One request is in flight at a time. It is repeated until it is answered; meanwhile, text collects for the next one.
 */

import { Batches, wellFormed } from "./batches.ts";
import { APPEND, FINISH, INTERRUPTED, START, STATUS, TOO_LONG } from "./documents.ts";
import { Finished, ProducerError, Refused, Stopped, TakenOver, TooLong } from "./errors.ts";
import { Pace } from "./pace.ts";

const RENEWALS_PER_LEASE = 3; // two renewals may be lost before the lease runs out

export interface ReplyOptions {
  chatId: string;
  /** Names the reply among all of this user: one that a restarted producer finds again, such as the answered message. */
  key: string;
  /** Id of the message that the reply answers. */
  replyTo?: string;
  /** Name of the model that writes. */
  model?: string;
}

export interface ReplyUsage {
  finishReason?: string;
  inputTokens?: number;
  outputTokens?: number;
  model?: string;
}

export interface ReplyText {
  /** Id of the message. */
  readonly id: string;
  /** The text so far: what the reply had when it was opened, and what was appended since. */
  readonly content: string;
  /** Appends text. Throws the reason if the reply is stopped or taken over. */
  append(text: string): void;
  /** Appends text to the model's reasoning. */
  think(text: string): void;
  /** Shows what the agent is doing now, until text comes. At most 200 characters; empty for nothing. */
  show(activity: string): void;
  /** Sets what is stored with the end of the reply. */
  set(usage: ReplyUsage): void;
  /** Resolves when the server has stored all that was appended. */
  flush(): Promise<void>;
}

type Execute = <Data>(document: string, variables?: object) => Promise<Data>;

interface Started {
  readonly fence: number;
  readonly sequence: number;
  readonly leaseSeconds: number;
  readonly message: {
    readonly id: string;
    readonly status: string;
    readonly content: string;
    readonly error: { readonly code: string } | null;
  };
}

export async function writeReply<Result>(
  execute: Execute,
  options: ReplyOptions,
  write: (text: ReplyText, signal: AbortSignal) => Promise<Result> | Result,
): Promise<Result> {
  const reply = new Reply(execute, options);
  await reply.open();
  const sending = reply.send();
  let result: Result;
  try {
    result = await Promise.race([write(reply, reply.signal), reply.failed]);
  } catch (error) {
    reply.end({ status: "FAILED", error: INTERRUPTED });
    await sending;
    throw reply.failure ?? error;
  }
  reply.end();
  await sending;
  if (reply.failure) throw reply.failure;
  return result;
}

class Reply implements ReplyText {
  id = "";
  failure: ProducerError | undefined;
  /** Rejects with the reason if the reply cannot be written any further. */
  readonly failed: Promise<never>;
  #reject: (reason: ProducerError) => void = () => {};
  #content = "";
  #fence = 0;
  #sequence = 0;
  #leaseMs = 0;
  #isConfirmed = false; // a request was accepted since the reply was opened
  #isReopened = false;
  readonly #pace = new Pace();
  #sendAt = 0;
  #changes = 0; // how often something was appended or shown
  #stored = 0; // how many of the changes the server has stored
  #usage: object = {};
  #ending: object | undefined;
  #batches = new Batches();
  #wake = () => {};
  #onStored: (() => void)[] = [];
  readonly #abort = new AbortController();
  readonly #execute: Execute;
  readonly #options: ReplyOptions;

  constructor(execute: Execute, options: ReplyOptions) {
    this.#execute = execute;
    this.#options = options;
    this.failed = new Promise((_, reject) => {
      this.#reject = reject;
    });
    this.failed.catch(() => {}); // whoever races with it is told
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get content(): string {
    return this.#content;
  }

  append(text: string): void {
    this.#add("content", text);
    this.#content += text;
    this.#batches.activity = undefined;
  }

  think(text: string): void {
    this.#add("reasoning", text);
  }

  show(activity: string): void {
    this.#throwFailure();
    this.#batches.activity = activity;
    this.#changed();
  }

  set({ finishReason, model, inputTokens, outputTokens }: ReplyUsage): void {
    this.#usage = { finishReason, model, usage: { inputTokens, outputTokens } };
  }

  async flush(): Promise<void> {
    const appended = this.#changes;
    while (this.#stored < appended && !this.failure) {
      await new Promise<void>((resolve) => this.#onStored.push(resolve));
    }
    this.#throwFailure();
  }

  /** Ends the reply once all is sent: complete, or with this ending. */
  end(ending: object = { status: "COMPLETE", ...this.#usage }): void {
    this.#ending = ending;
    this.#batches.end();
    this.#wake();
  }

  #add(field: "content" | "reasoning", text: string): void {
    this.#throwFailure();
    if (text === "") return;
    this.#batches.add(field, text);
    this.#changed();
  }

  #changed(): void {
    this.#changes++;
    this.#wake();
  }

  #throwFailure(): void {
    if (this.failure) throw this.failure;
  }

  async open(): Promise<void> {
    this.#content = (await this.#start()).content;
  }

  /** Starts the reply, or takes it over. */
  async #start(): Promise<Started["message"]> {
    const { chatId, key: idempotencyKey, replyTo, model } = this.#options;
    const input = { chatId, idempotencyKey, replyTo, model };
    const { startReply } = await this.#execute<{ startReply: Started }>(START, { input });
    const { message, fence, sequence, leaseSeconds } = startReply;
    if (message.status === "STOPPED") throw new Stopped("A participant stopped this reply.");
    if (message.status !== "STREAMING") {
      throw new Finished(`This reply has ended: it is ${message.status}. Use another key for another reply.`);
    }
    this.id = message.id;
    this.#fence = fence;
    this.#sequence = sequence;
    this.#leaseMs = leaseSeconds * 1000;
    this.#isConfirmed = false;
    return message;
  }

  async send(): Promise<void> {
    try {
      for (;;) {
        await this.#work();
        if (this.#batches.isEmpty && this.#ending) break;
        const batch = this.#batches.take();
        const stored = this.#batches.isEmpty ? this.#changes : this.#stored;
        const sentAt = Date.now();
        await this.#request(APPEND, batch);
        const answeredAt = Date.now();
        if (Object.keys(batch).length > 0) this.#pace.answered(answeredAt - sentAt);
        this.#sendAt = answeredAt + this.#pace.pauseMs;
        this.#stored = stored;
        this.#notify();
      }
      await this.#request(FINISH, this.#ending);
    } catch (error) {
      this.#fail(error instanceof ProducerError ? error : new ProducerError(`The helper failed: ${error}`));
    }
  }

  /** Waits until there is something to send and it is time to send it, or the lease must be renewed. */
  async #work(): Promise<void> {
    if (this.#batches.isEmpty) await this.#sleep(this.#leaseMs / RENEWALS_PER_LEASE, () => !this.#batches.isEmpty);
    await this.#sleep(this.#sendAt - Date.now(), () => false);
  }

  /** Sleeps for so long, until this holds after something was appended, or until the reply ends. */
  async #sleep(ms: number, isOver: () => boolean): Promise<void> {
    if (this.#ending || ms <= 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        if (!this.#ending && !isOver()) return;
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = () => {};
  }

  #notify(): void {
    for (const resolve of this.#onStored.splice(0)) resolve();
  }

  #fail(reason: ProducerError): void {
    this.failure = reason;
    this.#notify();
    this.#reject(reason);
    this.#abort.abort(reason);
  }

  /** Sends the next request, until it is accepted. */
  async #request(document: string, fields: object): Promise<void> {
    const sequence = this.#sequence + 1;
    while (this.#sequence < sequence) {
      const input = { messageId: this.id, fence: this.#fence, sequence, ...fields };
      try {
        await this.#execute(document, { input });
        this.#sequence = sequence;
        this.#isConfirmed = true;
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        await this.#refused(error, sequence);
      }
    }
  }

  /** Resolves if the request can be sent again. Rejects with the reason otherwise. */
  async #refused(refused: Refused, sequence: number): Promise<void> {
    const { code, reason } = refused.extensions;
    if (code === "LIMIT_EXCEEDED") {
      this.#batches = new Batches();
      await this.#request(FINISH, { status: "FAILED", error: TOO_LONG });
      throw new TooLong(refused.message);
    }
    if (reason === "STOPPED") throw new Stopped("A participant stopped or deleted this reply.");
    if (reason !== "TAKEN_OVER") throw refused;
    await this.#reopen(sequence);
  }

  /** Goes on with a reply whose lease ran out, for example while the server was away for long. */
  async #reopen(sequence: number): Promise<void> {
    const { message } = await this.#execute<{ message: Started["message"] | null }>(STATUS, { id: this.id });
    if (!message) throw new Stopped("This reply was deleted, or this user left the chat.");
    // A repeat of our own request to start it may have arrived last. Its answer is the one that counts.
    const wasRepeated = !this.#isConfirmed && !this.#isReopened;
    if (message.error?.code !== "INTERRUPTED" && !wasRepeated) {
      throw new TakenOver("Another producer writes this reply now.");
    }
    this.#isReopened = wasRepeated;
    const { content } = await this.#start();
    const meant = wellFormed(this.#content).replaceAll("\0", "\ufffd");
    if (![sequence - 1, sequence].includes(this.#sequence) || !meant.startsWith(content)) {
      throw new TakenOver("Another producer wrote to this reply in between.");
    }
  }
}
