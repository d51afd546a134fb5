/** The state of the client's connection: its status, and what carries the subscriptions. */

import type { Client } from "@urql/core";
import type { ConnectionState } from "../../core/transport/status.ts";
import { useConnectionStatus } from "../../react/useConnectionStatus.ts";
import { connectionOf } from "../exchange.ts";
import { useGivenClient } from "./useGivenClient.ts";

export function useConnection(options: { client?: Client } = {}): ConnectionState {
  return useConnectionStatus(connectionOf(useGivenClient(options.client)));
}
