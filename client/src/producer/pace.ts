// How long before the server's next update a batch is sent. Text that comes later than that waits for the update after
// it, so an early batch would delay the text behind it.
const LEAD_MS = 100;

const LONGEST_PAUSE_MS = 2_000; // a server updates even the longest text this often

/** When batches are sent: shortly before the server's next update, whose time is learned from the answers. */
export class Pace {
  /** After each answer. */
  pauseMs = 0;

  /**
   * Learns from a batch of text that was answered after so many milliseconds.
   *
   * A batch that came late was answered at once, and shows nothing but that: so the pause is halved. A batch may also
   * wait because the server is busy: so the pause grows by half of what seems to be missing.
   */
  answered(waitedMs: number): void {
    if (waitedMs < LEAD_MS) this.pauseMs /= 2;
    else this.pauseMs = Math.min(this.pauseMs + (waitedMs - LEAD_MS) / 2, LONGEST_PAUSE_MS);
  }
}
