/** The connection's status, for a quiet indicator. */

import { useSyncExternalStore } from "react";
import type { Connection } from "../core/connection.ts";
import type { ConnectionStatus } from "../core/status.ts";

export function useConnectionStatus(connection: Connection): ConnectionStatus {
  return useSyncExternalStore(connection.onStatus, connection.status, () => "idle");
}
