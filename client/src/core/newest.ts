/** The newest version of each message that is followed, kept out of a library's cache. */

import { isNews, type Revised } from "./revisions.ts";

export class Newest<Message extends Revised> {
  #known = new Map<string, Message>();
  #listeners = new Map<string, Set<() => void>>();
  readonly #onLeft: (last: Message) => void;

  /** `onLeft` hears the newest version of a message when nobody follows it any more. */
  constructor(onLeft: (last: Message) => void = () => {}) {
    this.#onLeft = onLeft;
  }

  get(id: string): Message | undefined {
    return this.#known.get(id);
  }

  offer(message: Message): void {
    const known = this.#known.get(message.id);
    if (known !== undefined && (!isNews(message, known) || message === known)) return;
    // Fields that were heard and are not in this answer stay: two fragments of one message may differ.
    this.#known.set(message.id, { ...known, ...message });
    for (const listener of this.#listeners.get(message.id) ?? []) listener();
  }

  subscribe(id: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(id) ?? new Set();
    this.#listeners.set(id, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0) return;
      const last = this.#known.get(id);
      this.#listeners.delete(id);
      this.#known.delete(id); // the next page asks the server anyway, and a long session must not keep every chat
      if (last !== undefined) this.#onLeft(last);
    };
  }
}
