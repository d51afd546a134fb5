/** The connection's status, for a quiet indicator. */

import { useSyncExternalStore } from "react";
import type { Connection, ConnectionStatus } from "../core/connection.ts";

export function useConnectionStatus(connection: Connection): ConnectionStatus {
  return useSyncExternalStore(connection.onStatus, connection.status, () => "idle");
}
