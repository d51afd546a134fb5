/** For graphcache: puts a sent message and its reply on the page from the mutation's answer, no refetch, nothing lost. */

import { type DocumentNode, parse } from "graphql";
import type { Sent } from "../core/sent.ts";

/** What this needs of the cache that graphcache hands to an updater. */
export interface UpdaterCache {
  inspectFields(entity: Entity): readonly { fieldName: string; fieldKey: string; arguments: Arguments }[];
  resolve(entity: Entity | string, field: string): unknown;
  readFragment(fragment: DocumentNode, entity: Entity): unknown;
  writeFragment(fragment: DocumentNode, data: Entity & Record<string, unknown>): void;
}

type Entity = { readonly __typename: string; readonly id: string };

type Arguments = Readonly<Record<string, unknown>> | null;

interface Edge {
  readonly __typename: string;
  readonly cursor?: string;
  readonly node: Entity;
}

/**
 * `cacheExchange({ keys, updates: { Mutation: { sendMessage: (data, _, cache) => addSent(cache, data.sendMessage) } } })`
 *
 * The page moves on to the payload's revision only from exactly the one before it. From an older one, somebody else's
 * change lies between; and a message that is there already was answered before, so the latest change is not its own.
 */
export function addSent(cache: UpdaterCache, sent: Sent | null | undefined): void {
  if (!sent) return;
  const chat = { __typename: "Chat", id: sent.chat.id };
  const windows = cache.inspectFields(chat).filter(({ fieldName }) => fieldName === "messages");
  for (const { fieldKey, arguments: args } of windows) {
    const connection = cache.resolve(chat, fieldKey);
    if (typeof connection === "string" && !hasMore(cache, connection)) addTo(cache, chat, connection, args, sent);
  }
}

function hasMore(cache: UpdaterCache, connection: string): boolean {
  const pageInfo = cache.resolve(connection, "pageInfo");
  return typeof pageInfo === "string" && cache.resolve(pageInfo, "hasNextPage") === true;
}

function addTo(cache: UpdaterCache, chat: Entity, connection: string, args: Arguments, sent: Sent): void {
  const fragment = windowOf(args, mayHaveCursors(cache, connection));
  const known = cache.readFragment(fragment, chat) as { messages: { revision: number; edges: Edge[] } } | null;
  if (known === null) return;
  const { edges, revision } = known.messages;
  const there = new Set(edges.map(({ node }) => node.id));
  const added = [sent.message, sent.reply].filter((message) => message != null && !there.has(message.id));
  const isNext = revision === sent.chat.revision - 1 && added[0]?.id === sent.message.id;
  cache.writeFragment(fragment, {
    ...chat,
    messages: {
      ...known.messages,
      edges: [...edges, ...added.map((message) => edgeOf(message as { id: string }))],
      revision: isNext ? sent.chat.revision : revision,
    },
  });
}

/** An empty page does not say whether it asked for them. */
function mayHaveCursors(cache: UpdaterCache, connection: string): boolean {
  const edges = cache.resolve(connection, "edges");
  return Array.isArray(edges) && (edges.length === 0 || cache.resolve(edges[0], "cursor") !== undefined);
}

/** What the page asked for, by the same arguments: their links, and nothing of the messages themselves. */
function windowOf(args: Arguments, withCursors: boolean): DocumentNode {
  const given = Object.entries(args ?? {}).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  const list = given.length > 0 ? `(${given.join(", ")})` : "";
  return parse(`
    fragment Window on Chat {
      __typename
      id
      messages${list} {
        __typename
        revision
        edges { __typename ${withCursors ? "cursor" : ""} node { __typename id } }
      }
    }
  `);
}

function edgeOf({ id }: { id: string }): Edge {
  // A cursor is the server's to give: the next fetch brings it.
  return { __typename: "MessageEdge", cursor: "", node: { __typename: "Message", id } };
}
