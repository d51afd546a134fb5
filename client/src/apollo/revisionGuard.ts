/** The rule that a cached object's revision only rises, for an Apollo cache and a set of types. */

import { InMemoryCache, type Reference, type StoreObject } from "@apollo/client";

type Fields = Record<string, unknown>;
export type WriteOptions = Parameters<InMemoryCache["write"]>[0];
type Write = (options: WriteOptions) => Reference | undefined;

/**
 * A refetch may be answered after a newer frame has arrived, and must not restore the older text. Only `write` can
 * prevent that: merge functions see references only, a field policy would keep old text under a new revision, and a
 * link does not know about aliases.
 */
export class RevisionGuard {
  readonly #cache: InMemoryCache;
  readonly #types = new Set<string>();

  constructor(cache: InMemoryCache) {
    this.#cache = cache;
  }

  add(type: string): void {
    this.#types.add(type);
  }

  /** Writes, and then puts back the fields of every object whose stored revision was greater. */
  write(options: WriteOptions, write: Write): Reference | undefined {
    const stored = this.#storedObjects(options.result);
    const reference = write({ ...options, broadcast: false });
    for (const [id, fields] of stored) this.#restoreIfNewer(id, fields);
    return reference;
  }

  #storedObjects(result: unknown): Map<string, Fields> {
    const stored = new Map<string, Fields>();
    for (const id of this.#idsAtRisk(result)) {
      const fields = this.#fieldsOf(id);
      if (typeof fields.revision === "number") stored.set(id, fields);
    }
    return stored;
  }

  /** The objects that the result may set back. Few, since Apollo keeps every field that was ever read. */
  #idsAtRisk(result: unknown): Iterable<string> {
    const ids = new Set<string>();
    for (const object of this.#objectsIn(result)) {
      // The id has an alias, so the object may be any of the stored ones.
      if (object.id === undefined) return this.#allIds();
      const id = this.#cache.identify(object) as string;
      if (!(Number(object.revision) >= this.#revisionOf(id))) ids.add(id);
    }
    return ids;
  }

  *#objectsIn(value: unknown): Generator<StoreObject> {
    if (typeof value !== "object" || value === null) return;
    if (this.#isGuarded(value)) yield value as StoreObject;
    for (const inner of Object.values(value)) yield* this.#objectsIn(inner);
  }

  #allIds(): string[] {
    const entities = Object.entries(this.#cache.extract());
    return entities.filter(([, entity]) => this.#isGuarded(entity ?? {})).map(([id]) => id);
  }

  #isGuarded(value: object): boolean {
    return "__typename" in value && this.#types.has(value.__typename as string);
  }

  #revisionOf(id: string): number {
    let revision = 0;
    this.#modify(id, {
      revision: (value) => {
        revision = value as number;
        return value;
      },
    });
    return revision;
  }

  #fieldsOf(id: string): Fields {
    const fields: Fields = {};
    this.#modify(id, (value, { storeFieldName }) => {
      fields[storeFieldName] = value;
      return value;
    });
    return fields;
  }

  #restoreIfNewer(id: string, stored: Fields): void {
    if (this.#revisionOf(id) >= Number(stored.revision)) return;
    this.#modify(id, (value, { storeFieldName }) => (storeFieldName in stored ? stored[storeFieldName] : value));
  }

  /**
   * Calls the class's `modify`, not the instance's, which Apollo Client wraps: it counts a call as a reason to refetch
   * again, so that two queries which overwrite each other's data would refetch for ever.
   */
  #modify(id: string, fields: Modifier | Record<string, Modifier>): void {
    InMemoryCache.prototype.modify.call(this.#cache, { id, broadcast: false, fields } as ModifyOptions);
  }
}

type Modifier = (value: unknown, details: { storeFieldName: string }) => unknown;
type ModifyOptions = Parameters<InMemoryCache["modify"]>[0];
