/** Of all versions of an object that a component has received, the one with the greatest revision. */

import { useMemo, useRef } from "react";
import { type Revisioned, supersedes } from "../core/subscription/revisions.ts";

export function useLatestVersion<Shown extends Revisioned>(
  object: Shown,
  ...received: readonly (Partial<Revisioned> | undefined)[]
): Shown;
export function useLatestVersion<Shown extends Revisioned>(
  object: Shown | null | undefined,
  ...received: readonly (Partial<Revisioned> | undefined)[]
): Shown | null | undefined;
export function useLatestVersion<Shown extends Revisioned>(
  object: Shown | null | undefined,
  ...received: readonly (Partial<Revisioned> | undefined)[]
): Shown | null | undefined {
  // Writing a ref during render is safe here: its revision only rises, and a discarded render has received the same.
  const latest = useRef<Revisioned>(undefined);
  if (object) latest.current ??= object;
  for (const candidate of object ? [object, ...received] : []) {
    if (isRevisioned(candidate) && supersedes(candidate, latest.current ?? candidate)) latest.current = candidate;
  }
  const version = latest.current;
  return useMemo(() => object && { ...object, ...version }, [object, version]);
}

function isRevisioned(candidate: Partial<Revisioned> | undefined): candidate is Revisioned {
  return candidate?.id !== undefined && candidate.revision !== undefined;
}
