/** The stores of one connection. Those of the same object share a subscription. */

import { print } from "graphql";
import { SyncDocument } from "../documents.ts";
import type { ActiveStreams } from "../subscription/activeStreams.ts";
import type { StreamDefinition } from "../subscription/defineStream.ts";
import { LatestVersions } from "../subscription/latestVersions.ts";
import { failureOf } from "../subscription/refusal.ts";
import type { LiveObject, StreamedObject, StreamFailure } from "../subscription/revisions.ts";
import { SharedSubscriptions } from "../subscription/sharedSubscriptions.ts";
import { inaccessible, type SyncEvent } from "../sync/pageSync.ts";
import type { Sink, Transport } from "../transport/transport.ts";
import { FollowedObject } from "./followedObject.ts";
import { Page, type PageId, type PageOptions, type PageStore } from "./page.ts";
import type { Store } from "./store.ts";

export interface StoresOptions {
  readonly transport: Transport;
  readonly query: <Data, Variables>(
    document: PageOptions<Data, Variables>["query"],
    variables?: Variables,
  ) => Promise<Data>;
  readonly mutationsSettled: () => Promise<unknown> | undefined;
}

export class Stores {
  readonly #versions = new Map<string, LatestVersions<StreamedObject>>();
  readonly #streams = new WeakMap<object, ActiveStreams>();
  readonly #events: SharedSubscriptions<SyncEvent>;
  readonly #options: StoresOptions;

  constructor(options: StoresOptions) {
    this.#options = options;
    this.#events = new SharedSubscriptions((id, listener) => this.#subscribeSync(id, listener));
  }

  follow<Shown extends StreamedObject, Live>(
    definition: StreamDefinition<Live>,
    object: Shown,
  ): Store<LiveObject<Shown, Live>> {
    const streams = this.#streams.get(definition) ?? this.#createStreams(definition);
    this.#streams.set(definition, streams);
    return new FollowedObject(streams, object as Shown & LiveObject<Shown, Live>);
  }

  page<Data, Variables>(id: PageId<Data>, options: PageOptions<Data, Variables>): PageStore<Data> {
    return new Page(id, options.revision, {
      fetch: () => this.#options.query(options.query, options.variables),
      events: this.#events,
      mutationsSettled: this.#options.mutationsSettled,
    });
  }

  #createStreams<Live>({ type, field, subscription }: StreamDefinition<Live>): ActiveStreams {
    const versions = this.#versions.get(type) ?? new LatestVersions<StreamedObject>();
    this.#versions.set(type, versions);
    const query = print(subscription);
    const operationName = field.charAt(0).toUpperCase() + field.slice(1);
    const subscriptions = new SharedSubscriptions<StreamFailure>((id, onRefused) =>
      this.#options.transport.subscribe(
        { query, operationName, variables: { id } },
        ignoringEnd(({ data, errors }) => {
          const frame = data?.[field] as StreamedObject | null | undefined;
          if (frame) versions.offer(frame);
          else if (errors) onRefused(failureOf(errors));
        }),
      ),
    );
    return { versions, subscriptions };
  }

  #subscribeSync(id: string, listener: (event: SyncEvent) => void): () => void {
    return this.#options.transport.subscribe(
      { query: print(SyncDocument), operationName: "Sync", variables: { ids: [id] } },
      ignoringEnd(({ data }) => listener((data?.sync as SyncEvent | undefined) ?? inaccessible(id))),
    );
  }
}

/** The connection subscribes again by itself until the object is final or refused, and both come as a result. */
function ignoringEnd(next: Sink["next"]): Sink {
  return { next, error: () => {}, complete: () => {} };
}
