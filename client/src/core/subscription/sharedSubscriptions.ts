/** One live subscription per key, shared by all its listeners. A late listener receives the last event at once. */

type Listener<Event> = (event: Event) => void;

interface Active<Event> {
  readonly listeners: Set<Listener<Event>>;
  readonly stop: () => void;
  latest?: Event;
}

export class SharedSubscriptions<Event> {
  #active = new Map<string, Active<Event>>();
  readonly #start: (key: string, listener: Listener<Event>) => () => void;

  /** `start` begins the subscription of a key, and returns a function that ends it. */
  constructor(start: (key: string, listener: Listener<Event>) => () => void) {
    this.#start = start;
  }

  subscribe(key: string, listener: Listener<Event>): () => void {
    const active = this.#active.get(key) ?? this.#activate(key);
    active.listeners.add(listener);
    if (active.latest !== undefined) listener(active.latest);
    return () => {
      active.listeners.delete(listener);
      // Not at once: StrictMode and a change of route unsubscribe and subscribe again within the same tick.
      setTimeout(() => this.#stopIfUnused(key, active));
    };
  }

  #activate(key: string): Active<Event> {
    const listeners = new Set<Listener<Event>>();
    const stop = this.#start(key, (event) => {
      active.latest = event;
      for (const listener of [...listeners]) listener(event);
    });
    const active: Active<Event> = { listeners, stop };
    this.#active.set(key, active);
    return active;
  }

  #stopIfUnused(key: string, active: Active<Event>): void {
    if (active.listeners.size > 0 || this.#active.get(key) !== active) return;
    this.#active.delete(key);
    active.stop();
  }
}
