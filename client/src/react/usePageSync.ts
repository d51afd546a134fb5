/** The sync rule as a hook, the same for every binding. */

import { useEffect, useRef } from "react";
import type { Connection } from "../core/connection.ts";
import { PageSync, type SyncEvent } from "../core/pageSync.ts";
import type { Shared } from "../core/shared.ts";

export type ShownRevision = number | null | undefined | (() => number | null | undefined);

export function usePageSync(
  track: Shared<SyncEvent>,
  id: string | null | undefined,
  revision: ShownRevision,
  refetch: () => unknown,
  connection: Connection | undefined,
): void {
  const latest = useRef({ revision, refetch });
  const page = useRef<PageSync>(undefined);

  useEffect(() => {
    latest.current = { revision, refetch };
    page.current?.look();
  });

  useEffect(() => {
    if (!id) return;
    const rule = new PageSync({
      shown: () => {
        const shown = latest.current.revision;
        return typeof shown === "function" ? shown() : shown;
      },
      refetch: () => latest.current.refetch(),
      answered: () => connection?.answered(),
    });
    page.current = rule;
    const leave = track.follow(id, (event) => rule.hear(event));
    return () => {
      leave();
      rule.stop();
    };
  }, [track, id, connection]);
}
