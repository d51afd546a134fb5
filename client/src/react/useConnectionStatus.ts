/** The connection's status, for a quiet indicator. */

import { useSyncExternalStore } from "react";
import type { Connection } from "../core/connection.ts";
import type { ConnectionStatus } from "../core/status.ts";

export function useConnectionStatus(connection: Connection | undefined): ConnectionStatus {
  if (connection === undefined) throw new TypeError("useConnection needs the client that createTwotrackClient makes.");
  return useSyncExternalStore(connection.onStatus, connection.status, () => "idle");
}
