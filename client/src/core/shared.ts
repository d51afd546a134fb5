/** One live operation per key, however many components follow it; who comes late hears the last event at once. */

type Hear<Event> = (event: Event) => void;

interface Followed<Event> {
  readonly listeners: Set<Hear<Event>>;
  readonly stop: () => void;
  latest?: Event;
}

export class Shared<Event> {
  #followed = new Map<string, Followed<Event>>();
  readonly #open: (key: string, hear: Hear<Event>) => () => void;

  constructor(open: (key: string, hear: Hear<Event>) => () => void) {
    this.#open = open;
  }

  follow(key: string, hear: Hear<Event>): () => void {
    const followed = this.#followed.get(key) ?? this.#begin(key);
    followed.listeners.add(hear);
    if (followed.latest !== undefined) hear(followed.latest);
    return () => {
      followed.listeners.delete(hear);
      // Not at once: StrictMode and a change of route leave and come back within the same tick.
      setTimeout(() => this.#release(key, followed));
    };
  }

  #begin(key: string): Followed<Event> {
    const listeners = new Set<Hear<Event>>();
    const stop = this.#open(key, (event) => {
      followed.latest = event;
      for (const hear of [...listeners]) hear(event);
    });
    const followed: Followed<Event> = { listeners, stop };
    this.#followed.set(key, followed);
    return followed;
  }

  #release(key: string, followed: Followed<Event>): void {
    if (followed.listeners.size > 0 || this.#followed.get(key) !== followed) return;
    this.#followed.delete(key);
    followed.stop();
  }
}
