/**
 * The sync rule of one page: fetch again while the server has a greater revision than the one that the page's own
 * fetch returned.
 */

import { backoff } from "./backoff.ts";

// A burst of thirty messages is one refetch: so wait a moment, and not all pages of a chat the same moment.
const SHORTEST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 150;

const UNTOLD_MS = 2_000; // longer than most answers take, and short for those who wait for one that was lost

export interface SyncEvent {
  readonly id: string;
  readonly revision: number;
  readonly deleted: boolean;
}

/** What the server refuses to tell of is as good as gone: the page asks for itself, and hears why. */
export function refused(id: string): SyncEvent {
  return { id, revision: 0, deleted: true };
}

export interface PageSyncOptions {
  /** The revision beside the rows on the page; undefined before its first data and after its last. */
  shown: () => number | null | undefined;
  /** Better with a promise: without, an answer is noticed when the page shows it, and a failure after a while. */
  refetch: () => unknown;
  /** Waits for the answers to one's own mutations, which one's own event may overtake; undefined where there are none. */
  answered?: () => Promise<unknown> | undefined;
  random?: () => number;
}

export class PageSync {
  #heard = 0;
  #deleted = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #fetching = false;
  #isAwaitingAnswers = false;
  #stopped = false;
  #fetchedAt: number | null | undefined;
  #fruitless = 0;
  #isPenance = false;
  #onShown = () => {};
  readonly #shown: () => number | null | undefined;
  readonly #refetch: () => unknown;
  readonly #answered: () => Promise<unknown> | undefined;
  readonly #random: () => number;

  constructor({ shown, refetch, answered = () => undefined, random = Math.random }: PageSyncOptions) {
    this.#shown = shown;
    this.#refetch = refetch;
    this.#answered = answered;
    this.#random = random;
  }

  hear(event: SyncEvent): void {
    this.#deleted = event.deleted;
    // The greatest, not the last: events of two server processes may arrive out of order. What is gone has none any more.
    this.#heard = event.deleted ? 0 : Math.max(this.#heard, event.revision);
    // The server speaks, so it is back: no need to wait as long as its silence had taught.
    this.#fruitless = 0;
    if (this.#isPenance) this.#cancel();
    this.look();
  }

  /** Call it when a fetch has completed: what was heard meanwhile may be newer than what came back. */
  look(): void {
    if (this.#fetching && this.#shown() !== this.#fetchedAt) this.#onShown();
    const isBusy = this.#fetching || this.#isAwaitingAnswers || this.#timer !== undefined;
    if (this.#stopped || isBusy || !this.#isBehind()) return;
    if (this.#shown() !== this.#fetchedAt) this.#fruitless = 0;
    const wait = SHORTEST_WAIT_MS + this.#random() * (LONGEST_WAIT_MS - SHORTEST_WAIT_MS);
    this.#isPenance = this.#fruitless > 1;
    const penance = this.#isPenance ? backoff(this.#fruitless, this.#random) : 0;
    this.#timer = setTimeout(() => void this.#fetch(this.#answered()), wait + penance);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
    this.#onShown();
  }

  #cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isPenance = false;
  }

  #isBehind(): boolean {
    const shown = this.#shown();
    return shown != null && (this.#deleted || this.#heard > shown);
  }

  async #fetch(answered: Promise<unknown> | undefined): Promise<void> {
    this.#cancel();
    if (answered !== undefined) {
      this.#isAwaitingAnswers = true;
      await answered;
      await new Promise((shown) => setTimeout(shown, SHORTEST_WAIT_MS)); // for the page to take it in
      this.#isAwaitingAnswers = false;
    }
    if (this.#stopped || !this.#isBehind()) return;
    const deleted = this.#deleted;
    this.#fetchedAt = this.#shown();
    this.#fruitless++;
    this.#deleted = false;
    this.#fetching = true;
    try {
      await (this.#refetch() ?? this.#untold());
    } catch {
      // The network's trouble, or the page is being left. Still behind? Then look() comes back to it, ever more slowly.
      this.#deleted ||= deleted;
    }
    this.#fetching = false;
    this.look();
  }

  /** Asking again before an answer is on the page would be one refetch too many, however slow the page is. */
  #untold(): Promise<void> {
    return new Promise((done) => {
      const timer = setTimeout(done, UNTOLD_MS);
      this.#onShown = () => {
        clearTimeout(timer);
        done();
      };
    });
  }
}
