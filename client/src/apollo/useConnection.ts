/** The status of the client's connection. */

import { useApolloClient } from "@apollo/client/react";
import type { ConnectionStatus } from "../core/transport/status.ts";
import { useConnectionStatus } from "../react/useConnectionStatus.ts";
import type { TwotrackClient } from "./client.ts";

export function useConnection(): ConnectionStatus {
  return useConnectionStatus((useApolloClient() as TwotrackClient).connection);
}
