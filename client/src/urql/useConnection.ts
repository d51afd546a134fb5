/** Whether the page is connected right now. */

import { useClient } from "urql";
import type { ConnectionStatus } from "../core/status.ts";
import { useConnectionStatus } from "../react/useConnectionStatus.ts";
import type { TwotrackClient } from "./client.ts";

export function useConnection(): ConnectionStatus {
  return useConnectionStatus((useClient() as TwotrackClient).connection);
}
