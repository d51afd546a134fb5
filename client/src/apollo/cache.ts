/** An Apollo cache in which a message's revision only rises. */

import { InMemoryCache, type InMemoryCacheConfig, type Reference, type StoreObject } from "@apollo/client";
import { typePolicies } from "./typePolicies.ts";

type Fields = Record<string, unknown>;
type WriteOptions = Parameters<InMemoryCache["write"]>[0];

/**
 * A refetch may answer after a newer frame; whatever it brings must not take that frame's text back. Nothing smaller
 * than `write` can see to that: a merge function sees references only, a field policy puts old text under a new
 * number, and a link does not know about aliases.
 */
export class TwotrackCache extends InMemoryCache {
  constructor(config: InMemoryCacheConfig = {}) {
    super({ ...config, typePolicies });
    if (config.typePolicies) this.policies.addTypePolicies(config.typePolicies);
  }

  override write(options: WriteOptions): Reference | undefined {
    const known = this.#knownMessages(options.result);
    const reference = super.write({ ...options, broadcast: false });
    for (const [id, fields] of known) this.#keepNewer(id, fields);
    if (options.broadcast !== false) this.broadcastWatches();
    return reference;
  }

  /**
   * Worth calling, with `resetResultCache`, when a page of messages is left: of each message that was ever shown Apollo
   * keeps what it computed, which is several times what the message says.
   */
  override gc(options?: { resetResultCache?: boolean }): string[] {
    // Apollo takes each message that was ever followed for one that is in use.
    this.evict({ id: "ROOT_SUBSCRIPTION", broadcast: false });
    return super.gc(options);
  }

  #knownMessages(result: unknown): Map<string, Fields> {
    const known = new Map<string, Fields>();
    for (const id of this.#idsOfOlderMessages(result)) {
      const fields = this.#fieldsOf(id);
      if (typeof fields.revision === "number") known.set(id, fields);
    }
    return known;
  }

  /** Those whose text may go back. Apollo never forgets a field that was looked at, so few should be. */
  #idsOfOlderMessages(result: unknown): Iterable<string> {
    const ids = new Set<string>();
    for (const message of messagesIn(result)) {
      // Its id hides behind an alias, so it may be any of those that are known.
      if (message.id === undefined) return this.#allMessages();
      const id = this.identify(message) as string;
      if (!(Number(message.revision) >= this.#revisionOf(id))) ids.add(id);
    }
    return ids;
  }

  #revisionOf(id: string): number {
    let revision = 0;
    const note = (value: number) => {
      revision = value;
      return value;
    };
    super.modify<{ revision: number }>({ id, broadcast: false, fields: { revision: note } });
    return revision;
  }

  #allMessages(): string[] {
    const entities = Object.entries(this.extract());
    return entities.filter(([, entity]) => entity?.__typename === "Message").map(([id]) => id);
  }

  #fieldsOf(id: string): Fields {
    const fields: Fields = {};
    this.#eachField(id, (value, name) => {
      fields[name] = value;
      return value;
    });
    return fields;
  }

  #keepNewer(id: string, known: Fields): void {
    if (this.#revisionOf(id) >= Number(known.revision)) return;
    this.#eachField(id, (value, name) => (name in known ? known[name] : value));
  }

  /** Not `this.modify`: a write that modifies through the public door disarms Apollo's brake on feuding refetches. */
  #eachField(id: string, change: (value: unknown, storeFieldName: string) => unknown): void {
    super.modify({
      id,
      broadcast: false,
      fields: (value: unknown, { storeFieldName }: { storeFieldName: string }) => change(value, storeFieldName),
    });
  }
}

function* messagesIn(value: unknown): Generator<StoreObject> {
  if (typeof value !== "object" || value === null) return;
  if (isMessage(value)) yield value;
  for (const inner of Object.values(value)) yield* messagesIn(inner);
}

function isMessage(value: object): value is StoreObject {
  return "__typename" in value && value.__typename === "Message";
}
