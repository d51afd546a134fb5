/** What was written here and is not yet on the server: shown at once, sent in order, kept until it arrived. */

import { backoff } from "@twotrack/client";
import { addSent, type TwotrackClient } from "@twotrack/client/apollo";
import { useCallback, useSyncExternalStore } from "react";
import { flushSync } from "react-dom";
import { SendDocument } from "../documents.ts";
import { keptInTab } from "../session/safeStorage.ts";
import type { Session } from "../session/session.ts";
import { codeOf, inWords } from "../ui/errors.ts";

export interface Pending {
  /** One for each message and not for each attempt: sent twice, it arrives once. */
  readonly key: string;
  readonly content: string;
  /** Undefined while it is on its way. */
  readonly problem?: string;
}

/** Where what is not sent yet outlives a reload, and the end of a session: one for each user. */
export interface Shelf {
  get(): string | null;
  set(value: string | null): void;
}

type All = Readonly<Record<string, readonly Pending[]>>;

const ATTEMPTS = 4; // a few seconds, through a server's restart; then the writer decides

const NONE: readonly Pending[] = [];

export class Outbox {
  #pending: All;
  #inOrder = new Map<string, Promise<void>>();
  #listeners = new Set<() => void>();
  readonly #client: TwotrackClient;
  readonly #shelf: Shelf;

  constructor(client: TwotrackClient, shelf: Shelf) {
    this.#client = client;
    this.#shelf = shelf;
    this.#pending = read(shelf);
    // Whatever was on its way may have arrived: sent again under its key, it arrives once.
    for (const [chatId, all] of Object.entries(this.#pending))
      for (const pending of all) if (pending.problem === undefined) this.#enqueue(chatId, pending);
  }

  send(chatId: string, content: string): void {
    const pending = { key: newKey(), content };
    this.#change(chatId, (all) => [...all, pending]);
    this.#enqueue(chatId, pending);
  }

  again(chatId: string, { key, content }: Pending): void {
    const pending = { key, content };
    this.#change(chatId, (all) => all.map((one) => (one.key === key ? pending : one)));
    this.#enqueue(chatId, pending);
  }

  discard(chatId: string, key: string): void {
    this.#change(chatId, (all) => all.filter((one) => one.key !== key));
  }

  /** Until everything has arrived or failed; undefined when nothing is on its way. */
  onItsWay(chatId: string): Promise<void> | undefined {
    return this.#inOrder.get(chatId);
  }

  readonly of = (chatId: string): readonly Pending[] => this.#pending[chatId] ?? NONE;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  #enqueue(chatId: string, pending: Pending): void {
    const before = this.#inOrder.get(chatId) ?? Promise.resolve();
    const delivery = before
      .then(() => this.#deliver(chatId, pending))
      .finally(() => this.#inOrder.get(chatId) === delivery && this.#inOrder.delete(chatId));
    this.#inOrder.set(chatId, delivery);
  }

  async #deliver(chatId: string, { key, content }: Pending): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#client.mutate({
          mutation: SendDocument,
          variables: { input: { chatId, content, idempotencyKey: key } },
          update: (cache, { data }) => {
            // In the same breath, so that it is never seen twice or not at all.
            flushSync(() => this.discard(chatId, key));
            addSent(cache, data?.sendMessage);
          },
        });
        return;
      } catch (error) {
        const isAnswer = codeOf(error) !== undefined;
        if (isAnswer || attempt === ATTEMPTS) return this.#fail(chatId, key, inWords(error));
        await new Promise((go) => setTimeout(go, backoff(attempt)));
      }
    }
  }

  #fail(chatId: string, key: string, problem: string): void {
    this.#change(chatId, (all) => all.map((one) => (one.key === key ? { ...one, problem } : one)));
  }

  #change(chatId: string, change: (all: readonly Pending[]) => readonly Pending[]): void {
    this.#pending = { ...this.#pending, [chatId]: change(this.of(chatId)) };
    // By what is on the shelf: the outbox of a session before this one may not have given up yet.
    const shelved = read(this.#shelf);
    const { [chatId]: before = NONE, ...others } = shelved;
    const after = change(before);
    const left = after.length > 0 ? { ...others, [chatId]: after } : others;
    this.#shelf.set(Object.keys(left).length > 0 ? JSON.stringify(left) : null);
    for (const listener of this.#listeners) listener();
  }
}

function read(shelf: Shelf): All {
  try {
    return JSON.parse(shelf.get() ?? "{}");
  } catch {
    return {};
  }
}

/** Not `crypto.randomUUID`, which browsers withhold from pages over plain HTTP. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("-");
}

const outboxes = new WeakMap<TwotrackClient, Outbox>();

export function outboxOf({ client, user }: Pick<Session, "client" | "user">): Outbox {
  const known = outboxes.get(client);
  if (known) return known;
  const key = `twotrack.unsent.${user}`;
  const shelf = { get: () => keptInTab.get(key), set: (value: string | null) => keptInTab.set(key, value) };
  const outbox = new Outbox(client, shelf);
  outboxes.set(client, outbox);
  return outbox;
}

export function usePending(outbox: Outbox, chatId: string): readonly Pending[] {
  return useSyncExternalStore(
    outbox.subscribe,
    useCallback(() => outbox.of(chatId), [outbox, chatId]),
  );
}
