/** Delays between attempts to reach a server that failed. */

const FIRST_MS = 250; // a deploy or a change of Wi-Fi is mostly over by then
const LONGEST_MS = 10_000; // limits how long a page stays disconnected after its server is back

/**
 * A connection that lasted this long resets the backoff. Duration decides, not a first response: a server that accepts,
 * responds and crashes would otherwise be retried without a delay.
 */
export const STEADY_MS = 5_000;

/**
 * Full jitter: a random delay between 0 and the limit. It spreads the reconnects of all clients after a server restarts.
 */
export function backoff(retries: number, random: () => number = Math.random): number {
  return random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** retries);
}
