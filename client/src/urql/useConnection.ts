/** The status of the client's connection. */

import { useClient } from "urql";
import type { ConnectionStatus } from "../core/transport/status.ts";
import { useConnectionStatus } from "../react/useConnectionStatus.ts";
import type { TwotrackClient } from "./client.ts";

export function useConnection(): ConnectionStatus {
  return useConnectionStatus((useClient() as TwotrackClient).connection);
}
