/** Messages that the server has not accepted yet: shown at once, sent in order, and stored until they are accepted. */

import { backoff } from "@twotrack/client";
import { addSent, type TwotrackClient } from "@twotrack/client/apollo";
import { useCallback, useSyncExternalStore } from "react";
import { flushSync } from "react-dom";
import { SendDocument } from "../documents.ts";
import { tabStorage } from "../session/safeStorage.ts";
import type { Session } from "../session/session.ts";
import { errorCode, errorMessage } from "../ui/errors.ts";

export interface OutboxMessage {
  /** Idempotency key. All attempts use the same key, so the message is stored only once. */
  readonly key: string;
  readonly content: string;
  /** Why the server refused it. Undefined while it is being sent. */
  readonly error?: string;
  /** True if the server could not be reached. The message is sent when the connection is back. */
  readonly isWaiting?: boolean;
}

/** Stores the outbox of one user, so that it survives a reload and the end of a session. */
export interface OutboxStorage {
  get(): string | null;
  set(value: string | null): void;
}

type MessagesByChat = Readonly<Record<string, readonly OutboxMessage[]>>;

const QUIET_ATTEMPTS = 4; // a few seconds, enough for a server restart; then the page says that it waits
const MAX_WAIT_MS = 30_000; // while it waits, unless the connection is back before

const NONE: readonly OutboxMessage[] = [];

export class Outbox {
  #messages: MessagesByChat;
  /** The last delivery of each chat, which the next one waits for. */
  #deliveries = new Map<string, Promise<void>>();
  #listeners = new Set<() => void>();
  readonly #client: TwotrackClient;
  readonly #storage: OutboxStorage;

  constructor(client: TwotrackClient, storage: OutboxStorage) {
    this.#client = client;
    this.#storage = storage;
    this.#messages = read(storage);
    // Messages that were being sent before the reload may have arrived. Their keys make it safe to send them again.
    for (const [chatId, messages] of Object.entries(this.#messages))
      for (const message of messages) if (message.error === undefined) this.#enqueue(chatId, message);
  }

  send(chatId: string, content: string): void {
    const message = { key: newIdempotencyKey(), content };
    this.#change(chatId, (messages) => [...messages, message]);
    this.#enqueue(chatId, message);
  }

  /** Sends a refused message again. A changed text is another message, so it gets a key of its own. */
  retry(chatId: string, { key, content: before }: OutboxMessage, content = before): void {
    const message = { key: content === before ? key : newIdempotencyKey(), content };
    this.#change(chatId, (messages) => messages.map((other) => (other.key === key ? message : other)));
    this.#enqueue(chatId, message);
  }

  discard(chatId: string, key: string): void {
    this.#change(chatId, (messages) => messages.filter((message) => message.key !== key));
  }

  /** Resolves when all messages of the chat have been accepted or have failed. Undefined if none is being sent. */
  sending(chatId: string): Promise<void> | undefined {
    return this.#deliveries.get(chatId);
  }

  readonly messages = (chatId: string): readonly OutboxMessage[] => this.#messages[chatId] ?? NONE;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  #enqueue(chatId: string, message: OutboxMessage): void {
    const previous = this.#deliveries.get(chatId) ?? Promise.resolve();
    const delivery = previous
      .then(() => this.#deliver(chatId, message))
      .finally(() => this.#deliveries.get(chatId) === delivery && this.#deliveries.delete(chatId));
    this.#deliveries.set(chatId, delivery);
  }

  async #deliver(chatId: string, { key, content }: OutboxMessage): Promise<void> {
    for (let attempt = 1; this.#has(chatId, key); attempt++) {
      try {
        await this.#client.mutate({
          mutation: SendDocument,
          variables: { input: { chatId, content, idempotencyKey: key } },
          update: (cache, { data }) => {
            // Synchronously with the cache write, so that no frame shows the message twice or not at all.
            flushSync(() => this.discard(chatId, key));
            addSent(cache, data?.sendMessage);
          },
        });
        return;
      } catch (error) {
        if (errorCode(error) !== undefined) return this.#mark(chatId, key, { error: errorMessage(error) });
        if (attempt >= QUIET_ATTEMPTS) this.#mark(chatId, key, { isWaiting: true });
        await this.#pause(Math.min(backoff(attempt), MAX_WAIT_MS));
      }
    }
  }

  #has(chatId: string, key: string): boolean {
    return this.messages(chatId).some((message) => message.key === key);
  }

  /** Resolves after this time, or when the connection is back. */
  #pause(milliseconds: number): Promise<void> {
    const { connection } = this.#client;
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        removeListener();
        removeEventListener("online", done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      let last = connection.status();
      const removeListener = connection.onStatus(() => {
        const before = last;
        last = connection.status();
        if (last === "open" && before !== "open") done();
      });
      addEventListener("online", done);
    });
  }

  #mark(chatId: string, key: string, state: Partial<OutboxMessage>): void {
    this.#change(chatId, (messages) =>
      messages.map((message) => (message.key === key ? { ...message, ...state } : message)),
    );
  }

  #change(chatId: string, change: (messages: readonly OutboxMessage[]) => readonly OutboxMessage[]): void {
    this.#messages = { ...this.#messages, [chatId]: change(this.messages(chatId)) };
    // The change is applied to what is stored, too: the outbox of the previous session may still be writing there.
    const { [chatId]: stored = NONE, ...others } = read(this.#storage);
    const changed = change(stored);
    const remaining = changed.length > 0 ? { ...others, [chatId]: changed } : others;
    this.#storage.set(Object.keys(remaining).length > 0 ? JSON.stringify(remaining) : null);
    for (const listener of this.#listeners) listener();
  }
}

function read(storage: OutboxStorage): MessagesByChat {
  try {
    return JSON.parse(storage.get() ?? "{}");
  } catch {
    return {};
  }
}

/** Not `crypto.randomUUID`, which browsers withhold from pages over plain HTTP. */
function newIdempotencyKey(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (number) => number.toString(36)).join("-");
}

const outboxes = new WeakMap<TwotrackClient, Outbox>();

export function outboxOf({ client, user }: Pick<Session, "client" | "user">): Outbox {
  const existing = outboxes.get(client);
  if (existing) return existing;
  const key = `twotrack.outbox.${user}`;
  const outbox = new Outbox(client, {
    get: () => tabStorage.get(key),
    set: (value) => tabStorage.set(key, value),
  });
  outboxes.set(client, outbox);
  return outbox;
}

export function useOutboxMessages(outbox: Outbox, chatId: string): readonly OutboxMessage[] {
  return useSyncExternalStore(
    outbox.subscribe,
    useCallback(() => outbox.messages(chatId), [outbox, chatId]),
  );
}
