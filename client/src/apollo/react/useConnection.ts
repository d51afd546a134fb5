/** The state of the client's connection: its status, and what carries the subscriptions. */

import type { ApolloClient } from "@apollo/client";
import { useApolloClient } from "@apollo/client/react";
import type { ConnectionState } from "../../core/transport/status.ts";
import { useConnectionStatus } from "../../react/useConnectionStatus.ts";
import { connectionOf } from "../link.ts";

export function useConnection(options: { client?: ApolloClient } = {}): ConnectionState {
  return useConnectionStatus(connectionOf(useApolloClient(options.client)));
}
