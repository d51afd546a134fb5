/** Sends mutations, and keeps the message of the last error. */

import type { OperationVariables, TypedDocumentNode } from "@apollo/client";
import { useApolloClient } from "@apollo/client/react";
import { useState } from "react";

export function useAct() {
  const client = useApolloClient();
  const [error, setError] = useState("");
  /** Undefined if the server refused. */
  async function act<Data, Variables extends OperationVariables>(
    mutation: TypedDocumentNode<Data, Variables>,
    variables: Variables,
  ): Promise<Data | undefined> {
    setError("");
    try {
      return (await client.mutate<Data, OperationVariables>({ mutation, variables })).data;
    } catch (error) {
      setError((error as Error).message);
    }
  }
  return { act, error };
}
