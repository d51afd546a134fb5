/** An Apollo cache in which the revision of a streamed object only rises. */

import { InMemoryCache, type InMemoryCacheConfig } from "@apollo/client";
import type { StreamedType } from "../core/subscription/defineStream.ts";
import { revisioned } from "./revisioned.ts";

export interface TwotrackCacheConfig extends InMemoryCacheConfig {
  /** Streams of your own models, made with `defineStream`. The stream of messages is always included. */
  streams?: readonly StreamedType[];
}

/** The same as `revisioned(new InMemoryCache(config), streams)`. */
export class TwotrackCache extends InMemoryCache {
  constructor({ streams, ...config }: TwotrackCacheConfig = {}) {
    super(config);
    revisioned(this, streams);
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
