/** The state of the connection, for an indicator on the page. */

import { useSyncExternalStore } from "react";
import type { Connection } from "../core/connection.ts";
import { type ConnectionState, IDLE } from "../core/transport/status.ts";

export function useConnectionStatus(connection: Connection | undefined): ConnectionState {
  if (connection === undefined)
    throw new TypeError("useConnection needs a client that createTwotrackClient has created, or one on a connection.");
  return useSyncExternalStore(connection.onStatus, connection.state, () => IDLE);
}
