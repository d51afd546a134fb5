/** Whether a subscription that completed had come to its end. */

import type { Result } from "./transport.ts";

/** A stream is over after a final status or an error; `sync` never is. With no answer at all, ask again. */
export function isOver(last: Result | undefined): boolean {
  if (last === undefined) return false;
  if (last.errors?.length) return true;
  return !Object.values(last.data ?? {}).some(isUnfinished);
}

function isUnfinished(field: unknown): boolean {
  if (typeof field !== "object" || field === null) return false;
  if ("deleted" in field) return true;
  return ("streaming" in field && field.streaming === true) || ("status" in field && field.status === "STREAMING");
}
