/** The sync rule of one page: refetch while the server has a greater revision than the page's own fetch returned. */

import { backoff } from "../transport/backoff.ts";

// A pause turns a burst of thirty events into one refetch. Jitter keeps the pages of one object from refetching at once.
const SHORTEST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 150;

const UNREPORTED_REFETCH_MS = 2_000; // longer than most responses take; a lost one is noticed after this time

export interface SyncEvent {
  readonly id: string;
  readonly revision: number;
  readonly deleted: boolean;
}

/** The event to use if the server refuses the subscription: the page refetches, and its own query returns the error. */
export function inaccessible(id: string): SyncEvent {
  return { id, revision: 0, deleted: true };
}

export interface PageSyncOptions {
  /** The revision beside the rows on the page; undefined while the page has no data. */
  shown: () => number | null | undefined;
  /** Should return a promise. Without one, success is noticed when the page shows it, and failure after 2 s. */
  refetch: () => unknown;
  /** Resolves when this client's pending mutations are answered; undefined if there are none. */
  mutationsSettled?: () => Promise<unknown> | undefined;
  random?: () => number;
}

export class PageSync {
  #latest = 0;
  #isDeleted = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isFetching = false;
  #isAwaitingMutations = false;
  #isStopped = false;
  #shownAtFetch: number | null | undefined;
  #failedFetches = 0;
  #isBackingOff = false;
  #onShown = () => {};
  readonly #shown: () => number | null | undefined;
  readonly #refetch: () => unknown;
  readonly #mutationsSettled: () => Promise<unknown> | undefined;
  readonly #random: () => number;

  constructor({ shown, refetch, mutationsSettled = () => undefined, random = Math.random }: PageSyncOptions) {
    this.#shown = shown;
    this.#refetch = refetch;
    this.#mutationsSettled = mutationsSettled;
    this.#random = random;
  }

  receive(event: SyncEvent): void {
    this.#isDeleted = event.deleted;
    // The greatest, not the last: events of two server processes may arrive out of order.
    this.#latest = event.deleted ? 0 : Math.max(this.#latest, event.revision);
    // The server is reachable, so the backoff of earlier failures is obsolete.
    this.#failedFetches = 0;
    if (this.#isBackingOff) this.#cancel();
    this.check();
  }

  /** Schedules a refetch if the page is behind. Call it after every fetch: a newer event may have arrived meanwhile. */
  check(): void {
    if (this.#isFetching && this.#shown() !== this.#shownAtFetch) this.#onShown();
    const isBusy = this.#isFetching || this.#isAwaitingMutations || this.#timer !== undefined;
    if (this.#isStopped || isBusy || !this.#isBehind()) return;
    if (this.#shown() !== this.#shownAtFetch) this.#failedFetches = 0;
    const pause = SHORTEST_PAUSE_MS + this.#random() * (LONGEST_PAUSE_MS - SHORTEST_PAUSE_MS);
    this.#isBackingOff = this.#failedFetches > 1;
    const extra = this.#isBackingOff ? backoff(this.#failedFetches, this.#random) : 0;
    this.#timer = setTimeout(() => void this.#fetch(this.#mutationsSettled()), pause + extra);
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
    this.#onShown();
  }

  #cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isBackingOff = false;
  }

  #isBehind(): boolean {
    const shown = this.#shown();
    return shown != null && (this.#isDeleted || this.#latest > shown);
  }

  async #fetch(mutationsSettled: Promise<unknown> | undefined): Promise<void> {
    this.#cancel();
    if (mutationsSettled !== undefined) {
      this.#isAwaitingMutations = true;
      await mutationsSettled;
      await new Promise((rendered) => setTimeout(rendered, SHORTEST_PAUSE_MS)); // the page applies the response first
      this.#isAwaitingMutations = false;
    }
    if (this.#isStopped || !this.#isBehind()) return;
    const wasDeleted = this.#isDeleted;
    this.#shownAtFetch = this.#shown();
    this.#failedFetches++;
    this.#isDeleted = false;
    this.#isFetching = true;
    try {
      await (this.#refetch() ?? this.#shownOrTimeout());
    } catch {
      // The network failed, or the page is unmounting. If the page is still behind, check() retries with backoff.
      this.#isDeleted ||= wasDeleted;
    }
    this.#isFetching = false;
    this.check();
  }

  /** Waits for the page to show the response, so that a slow response does not cause a second refetch. */
  #shownOrTimeout(): Promise<void> {
    return new Promise((done) => {
      const timer = setTimeout(done, UNREPORTED_REFETCH_MS);
      this.#onShown = () => {
        clearTimeout(timer);
        done();
      };
    });
  }
}
