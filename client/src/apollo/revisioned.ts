/** Makes the revision of streamed objects only rise in an Apollo cache. */

import type { InMemoryCache, InMemoryCacheConfig } from "@apollo/client";
import type { StreamedType } from "../core/subscription/defineStream.ts";
import { withMessageStream } from "../core/subscription/messageStream.ts";
import { RevisionGuard } from "./revisionGuard.ts";
import { typePolicies } from "./typePolicies.ts";

/** What Apollo's type declarations hide from everything but subclasses. */
interface Internals {
  readonly config: InMemoryCacheConfig;
  broadcastWatches(): void;
}

interface Guarded {
  readonly guard: RevisionGuard;
  streams: readonly StreamedType[];
}

const guardedCaches = new WeakMap<object, Guarded>();

/**
 * Guards the types of these streams, and those of messages, in an existing cache: `revisioned(new InMemoryCache(…), [notes])`.
 * Returns the same cache. Its own type policies take precedence over ours.
 */
export function revisioned<Cache extends InMemoryCache>(cache: Cache, streams: readonly StreamedType[] = []): Cache {
  const guarded = guardedCaches.get(cache) ?? guard(cache);
  guardedCaches.set(cache, guarded);
  guarded.streams = [...new Set([...guarded.streams, ...withMessageStream(streams)])];
  const types = guarded.streams.map(({ type }) => type);
  for (const type of types) guarded.guard.add(type);
  cache.policies.addPossibleTypes({ Streamed: types });
  return cache;
}

/** The streams whose types the cache guards; undefined if it guards none. */
export function streamsOf(cache: object): readonly StreamedType[] | undefined {
  return guardedCaches.get(cache)?.streams;
}

function guard(cache: InMemoryCache): Guarded {
  const internals = cache as unknown as Internals;
  const guard = new RevisionGuard(cache);
  cache.policies.addTypePolicies(typePolicies);
  const { typePolicies: own } = internals.config;
  if (own) cache.policies.addTypePolicies(own);

  const write = cache.write.bind(cache);
  cache.write = (options) => {
    const reference = guard.write(options, write);
    if (options.broadcast !== false) internals.broadcastWatches();
    return reference;
  };
  return { guard, streams: [] };
}
