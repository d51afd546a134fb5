/** The client that a hook was given, or that of the `Provider`. */

import type { Client } from "@urql/core";
import { useContext } from "react";
import { Context } from "urql";

/** Unlike urql's `useClient`, this needs no `Provider` if a client is given. */
export function useGivenClient(given: Client | undefined): Client {
  const provided = useContext(Context) as Partial<Client>; // {} without a Provider
  const client = given ?? provided;
  if (client.executeSubscription === undefined)
    throw new TypeError("No urql client: use a Provider, or pass the client as an option of the hook.");
  return client as Client;
}
