/** An async iterator that yields what is pushed to it. */

export class Channel<Event> implements AsyncIterableIterator<Event> {
  #queue: Event[] = [];
  #wake: () => void = () => {};
  #ended = false;
  #closed = false;
  readonly #onClose: () => void;

  constructor(onClose: () => void) {
    this.#onClose = onClose;
  }

  push(event: Event): void {
    this.#queue.push(event);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async next(): Promise<IteratorResult<Event>> {
    while (this.#queue.length === 0) {
      if (this.#ended) {
        this.#close();
        return { value: undefined, done: true };
      }
      await new Promise<void>((wake) => {
        this.#wake = wake;
      });
    }
    return { value: this.#queue.shift() as Event, done: false };
  }

  async return(): Promise<IteratorResult<Event>> {
    this.#queue = [];
    this.end();
    this.#close();
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose();
  }
}
