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

  #knownMessages(result: unknown): Map<string, Fields> {
    const known = new Map<string, Fields>();
    for (const id of this.#idsOfMessages(result)) {
      const fields = this.#fieldsOf(id);
      if (typeof fields.revision === "number") known.set(id, fields);
    }
    return known;
  }

  #idsOfMessages(result: unknown): Iterable<string> {
    const ids = new Set<string>();
    for (const message of messagesIn(result)) {
      // Its id hides behind an alias, so it may be any of those that are known.
      if (message.id === undefined) return this.#allMessages();
      ids.add(this.identify(message) as string);
    }
    return ids;
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
    const { revision } = this.#fieldsOf(id);
    if (Number(revision) >= Number(known.revision)) return;
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
