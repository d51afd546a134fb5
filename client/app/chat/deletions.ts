/** Deletions that the user can still undo. The server is asked only when the time for that is over. */

import type { TwotrackClient } from "@twotrack/client/apollo";
import { useSyncExternalStore } from "react";
import { DeleteMessageDocument } from "../documents.ts";
import { tabStorage } from "../session/safeStorage.ts";
import type { Session } from "../session/session.ts";
import { errorMessage } from "../ui/errors.ts";

export const UNDO_MS = 10_000;

export type MessageKind = "message" | "reply";

export interface Deletion {
  readonly id: string;
  readonly chatId: string;
  readonly kind: MessageKind;
  /** Why the message was not deleted. */
  readonly error?: string;
}

export class Deletions {
  #all: readonly Deletion[] = [];
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  readonly #listeners = new Set<() => void>();
  readonly #client: TwotrackClient;
  readonly #key: string;

  constructor(client: TwotrackClient, user: string | undefined) {
    this.#client = client;
    this.#key = `twotrack.deletions.${user}`;
    // The page was reloaded before they were sent.
    for (const deletion of read(this.#key)) void this.#send(deletion);
  }

  readonly all = (): readonly Deletion[] => this.#all;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Hides the message, and deletes it after ten seconds. */
  add(deletion: Deletion): void {
    this.#change([...this.#all.filter(({ id }) => id !== deletion.id), deletion]);
    this.#timers.set(
      deletion.id,
      setTimeout(() => void this.#send(deletion), UNDO_MS),
    );
  }

  /** Shows the message again, or dismisses the error. */
  undo(id: string): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.#change(this.#all.filter((deletion) => deletion.id !== id));
  }

  async #send(deletion: Deletion): Promise<void> {
    const { id } = deletion;
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    try {
      await this.#client.mutate({
        mutation: DeleteMessageDocument,
        variables: { input: { messageId: id } },
        update: (cache) => void cache.evict({ id: cache.identify({ __typename: "Message", id }) }),
      });
      this.undo(id);
    } catch (error) {
      this.#change([
        ...this.#all.filter((other) => other.id !== id),
        { ...deletion, error: `Not deleted. ${errorMessage(error)}` },
      ]);
    }
  }

  #change(all: readonly Deletion[]): void {
    this.#all = all;
    const unsent = all.filter(({ error }) => error === undefined);
    tabStorage.set(this.#key, unsent.length > 0 ? JSON.stringify(unsent) : null);
    for (const listener of this.#listeners) listener();
  }
}

function read(key: string): readonly Deletion[] {
  try {
    return JSON.parse(tabStorage.get(key) ?? "[]");
  } catch {
    return [];
  }
}

const known = new WeakMap<TwotrackClient, Deletions>();

export function deletionsOf({ client, user }: Pick<Session, "client" | "user">): Deletions {
  const deletions = known.get(client) ?? new Deletions(client, user);
  known.set(client, deletions);
  return deletions;
}

export function useDeletions(deletions: Deletions, chatId: string): readonly Deletion[] {
  const all = useSyncExternalStore(deletions.subscribe, deletions.all);
  return all.filter((deletion) => deletion.chatId === chatId);
}
