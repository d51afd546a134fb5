/** A value that changes, for any framework: React's `useSyncExternalStore` takes it as it is. */

export interface Store<Value> {
  /** Calls the listener after each change. Returns a function that unsubscribes. */
  readonly subscribe: (listener: () => void) => () => void;
  /** The same value until the next change. */
  readonly getSnapshot: () => Value;
}

/** The listeners of a store, which works while it has any. */
export class Listeners {
  readonly #listeners = new Set<() => void>();
  readonly #start: () => void;
  readonly #stop: () => void;

  constructor(start: () => void, stop: () => void) {
    this.#start = start;
    this.#stop = stop;
  }

  get any(): boolean {
    return this.#listeners.size > 0;
  }

  add(listener: () => void): () => void {
    const own = () => listener(); // the same function may be added twice
    this.#listeners.add(own);
    if (this.#listeners.size === 1) this.#start();
    return () => {
      if (this.#listeners.delete(own) && !this.any) this.#stop();
    };
  }

  notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
