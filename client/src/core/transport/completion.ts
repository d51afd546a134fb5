/** Tells a subscription that has ended from one that was cut off, by its last result. */

import { isAnswer } from "./errors.ts";
import type { Result } from "./transport.ts";

/**
 * A stream is complete after a final status or the server's error, and `sync` never is. A subscription without any
 * result was cut off.
 */
export function isComplete(last: Result | undefined): boolean {
  if (last === undefined) return false;
  if (last.errors?.some(isAnswer)) return true;
  return !Object.values(last.data ?? {}).some(isUnfinished);
}

function isUnfinished(field: unknown): boolean {
  if (typeof field !== "object" || field === null) return false;
  if ("deleted" in field) return true;
  return ("streaming" in field && field.streaming === true) || ("status" in field && field.status === "STREAMING");
}
