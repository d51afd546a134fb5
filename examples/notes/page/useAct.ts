/** Sends mutations from a component. */

import type { OperationVariables, TypedDocumentNode } from "@apollo/client";
import { useApolloClient } from "@apollo/client/react";
import { useState } from "react";

/** `act` resolves to nothing if the server refuses; `error` then says why. */
export function useAct() {
  const client = useApolloClient();
  const [error, setError] = useState<Error>();
  async function act<Data, Variables extends OperationVariables>(
    mutation: TypedDocumentNode<Data, Variables>,
    variables: Variables,
  ) {
    setError(undefined);
    const result = await client.mutate<Data, OperationVariables>({ mutation, variables }).catch(setError);
    return result?.data;
  }
  return { act, error };
}
