/** The sync rule as a hook. Shared by the bindings. */

import { useEffect, useRef } from "react";
import type { Connection } from "../core/connection.ts";
import type { SharedSubscriptions } from "../core/subscription/sharedSubscriptions.ts";
import { PageSync, type SyncEvent } from "../core/sync/pageSync.ts";

export type ShownRevision = number | null | undefined | (() => number | null | undefined);

export function usePageSync(
  events: SharedSubscriptions<SyncEvent>,
  id: string | null | undefined | false,
  revision: ShownRevision,
  refetch: () => unknown,
  connection: Connection | undefined,
): void {
  const latest = useRef({ revision, refetch });
  const page = useRef<PageSync>(undefined);

  useEffect(() => {
    latest.current = { revision, refetch };
    page.current?.check();
  });

  useEffect(() => {
    if (!id) return;
    const sync = new PageSync({
      shown: () => {
        const shown = latest.current.revision;
        return typeof shown === "function" ? shown() : shown;
      },
      refetch: () => latest.current.refetch(),
      mutationsSettled: () => connection?.mutationsSettled(),
    });
    page.current = sync;
    const unsubscribe = events.subscribe(id, (event) => sync.receive(event));
    return () => {
      unsubscribe();
      sync.stop();
    };
  }, [events, id, connection]);
}
