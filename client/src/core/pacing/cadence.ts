/** Estimates when the next frame is due, from the times at which the last ones arrived. */

const INITIAL_MS = 350; // the server's default cadence
const MAX_MS = 2_000; // the slowest polling of a visible page; a longer interval is a pause of the model
const REMEMBERED = 5; // few enough to follow a change within two seconds

export class Cadence {
  #last: number | undefined;
  readonly #intervals = [INITIAL_MS];

  /** Call this for each frame that brings new text. */
  arrived(now: number): void {
    if (this.#last !== undefined) this.#intervals.push(now - this.#last);
    if (this.#intervals.length > REMEMBERED) this.#intervals.shift();
    this.#last = now;
  }

  /** The next frame belongs to another text: the time until it arrives is no interval. */
  restart(): void {
    this.#last = undefined;
  }

  /** Milliseconds between two frames: the lower median, which a single pause does not change. */
  get interval(): number {
    const sorted = [...this.#intervals].sort((a, b) => a - b);
    return Math.min(sorted[(sorted.length - 1) >> 1] as number, MAX_MS);
  }
}
