/** An Apollo cache in which the revision of a streamed object only rises. */

import { InMemoryCache, type InMemoryCacheConfig, type Reference } from "@apollo/client";
import type { StreamedType } from "../core/subscription/defineStream.ts";
import { withMessageStream } from "../core/subscription/messageStream.ts";
import { RevisionGuard, type WriteOptions } from "./revisionGuard.ts";
import { typePolicies } from "./typePolicies.ts";

export interface TwotrackCacheConfig extends InMemoryCacheConfig {
  /** Streams of your own models, made with `defineStream`. The stream of messages is always included. */
  streams?: readonly StreamedType[];
}

export class TwotrackCache extends InMemoryCache {
  #streams: readonly StreamedType[] = [];
  readonly #guard: RevisionGuard;

  constructor({ streams, ...config }: TwotrackCacheConfig = {}) {
    super({ ...config, typePolicies });
    if (config.typePolicies) this.policies.addTypePolicies(config.typePolicies);
    this.#guard = new RevisionGuard(this);
    this.addStreams(withMessageStream(streams));
  }

  get streams(): readonly StreamedType[] {
    return this.#streams;
  }

  /** Guards the types of these streams. */
  addStreams(streams: readonly StreamedType[]): void {
    this.#streams = [...new Set([...this.#streams, ...streams])];
    const types = this.#streams.map(({ type }) => type);
    for (const type of types) this.#guard.add(type);
    this.policies.addPossibleTypes({ Streamed: types });
  }

  override write(options: WriteOptions): Reference | undefined {
    const reference = this.#guard.write(options, (options) => super.write(options));
    if (options.broadcast !== false) this.broadcastWatches();
    return reference;
  }

  /**
   * Call it with `resetResultCache` when a page with streamed objects unmounts. Apollo keeps computed results for every
   * object that was ever shown, which take several times as much memory as the objects.
   */
  override gc(options?: { resetResultCache?: boolean }): string[] {
    // Apollo counts every object that was ever streamed as in use.
    this.evict({ id: "ROOT_SUBSCRIPTION", broadcast: false });
    return super.gc(options);
  }
}
