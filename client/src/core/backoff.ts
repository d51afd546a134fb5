/** How long to stay away from a server that just failed. */

const FIRST_MS = 250; // most drops are over by then: a deploy's handover, a change of Wi-Fi
const LONGEST_MS = 10_000; // the longest that a page may look dead after its server is back

/**
 * What held this long was good, and the next loss starts counting anew. Judged by how long and not by a first answer:
 * a server that accepts, answers and falls over would otherwise be asked again without a pause.
 */
export const STEADY_MS = 5_000;

/**
 * Full jitter: anything between nothing and the limit. When a server with ten thousand readers restarts, they must not
 * all be back in the same instant.
 */
export function backoff(retries: number, random: () => number = Math.random): number {
  return random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** retries);
}
