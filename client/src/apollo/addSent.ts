/** Puts a sent message and its reply on the page from the mutation's answer: no refetch, nothing lost. */

import type { ApolloCache, Reference } from "@apollo/client";
import type { Sent } from "../core/sent.ts";
import type { Edge, Window } from "./windows.ts";

/**
 * `update: (cache, { data }) => addSent(cache, data?.sendMessage)`
 *
 * The page moves on to the payload's revision only from exactly the one before it. From an older one, somebody else's
 * change lies between; and a message that is there already was answered before, so the latest change is not its own.
 */
export function addSent(cache: ApolloCache, sent: Sent | null | undefined): void {
  if (!sent) return;
  cache.modify<{ messages: Window }>({
    id: cache.identify({ __typename: "Chat", id: sent.chat.id }),
    fields: {
      messages: (known) => {
        const window = known as Window;
        if (window.edges === undefined || window.pageInfo?.hasNextPage) return window;
        const there = new Set(window.edges.map((edge) => edge.node.__ref));
        const added = [sent.message, sent.reply]
          .filter((message) => message != null)
          .map((message) => edgeOf(cache, message.id, sent.chat.revision))
          .filter((edge) => !there.has(edge.node.__ref));
        const isNext =
          window.revision === sent.chat.revision - 1 && added[0]?.node.__ref === refOf(cache, sent.message.id);
        return {
          ...window,
          edges: [...window.edges, ...added],
          revision: isNext ? sent.chat.revision : window.revision,
        };
      },
    },
  });
}

function edgeOf(cache: ApolloCache, id: string, sentWith: number): Edge & { __typename: string } {
  const node: Reference = { __ref: refOf(cache, id) };
  return { __typename: "MessageEdge", cursor: "", node, sentWith }; // a cursor is the server's to give: the next fetch brings it
}

function refOf(cache: ApolloCache, id: string): string {
  return cache.identify({ __typename: "Message", id }) as string;
}
