/** Whether the page is connected right now. */

import { useApolloClient } from "@apollo/client/react";
import type { ConnectionStatus } from "../core/status.ts";
import { useConnectionStatus } from "../react/useConnectionStatus.ts";
import type { TwotrackClient } from "./client.ts";

export function useConnection(): ConnectionStatus {
  return useConnectionStatus((useApolloClient() as TwotrackClient).connection);
}
