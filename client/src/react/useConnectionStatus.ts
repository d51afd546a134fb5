/** The status of the connection, for an indicator on the page. */

import { useSyncExternalStore } from "react";
import type { Connection } from "../core/connection.ts";
import type { ConnectionStatus } from "../core/transport/status.ts";

export function useConnectionStatus(connection: Connection | undefined): ConnectionStatus {
  if (connection === undefined)
    throw new TypeError("useConnection needs a client that createTwotrackClient has created.");
  return useSyncExternalStore(connection.onStatus, connection.status, () => "idle");
}
