/** A store that holds the result of a page's query, and refetches it when the server has something newer. */

import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import type { SharedSubscriptions } from "../subscription/sharedSubscriptions.ts";
import { PageSync, type SyncEvent } from "../sync/pageSync.ts";
import { Listeners, type Store } from "./store.ts";

export interface PageOptions<Data, Variables> {
  readonly query: TypedDocumentNode<Data, Variables>;
  readonly variables?: Variables;
  /** The revision beside the rows, for example `data.chat?.messages.revision`. */
  readonly revision: (data: Data) => number | null | undefined;
}

/** The id to synchronize, or where the page's own data has it, such as `data.viewer?.id`. */
export type PageId<Data> = string | ((data: Data) => string | null | undefined);

export interface PageState<Data> {
  readonly data: Data | undefined;
  /** Why the last fetch failed. The data of an earlier one is kept. */
  readonly error: unknown;
  readonly isLoading: boolean;
}

export interface PageStore<Data> extends Store<PageState<Data>> {
  /** Fetches the page now. Rejects if that fails. */
  readonly refetch: () => Promise<void>;
}

interface Services<Data> {
  readonly fetch: () => Promise<Data>;
  readonly events: SharedSubscriptions<SyncEvent>;
  readonly mutationsSettled: () => Promise<unknown> | undefined;
}

export class Page<Data> implements PageStore<Data> {
  #state: PageState<Data> = { data: undefined, error: undefined, isLoading: true };
  #sync: PageSync | undefined;
  #syncedId: string | undefined;
  #endEvents = () => {};
  readonly #id: PageId<Data>;
  readonly #revision: PageOptions<Data, never>["revision"];
  readonly #services: Services<Data>;
  readonly #listeners = new Listeners(
    () => this.#start(),
    () => this.#stop(),
  );

  constructor(id: PageId<Data>, revision: PageOptions<Data, never>["revision"], services: Services<Data>) {
    this.#id = id;
    this.#revision = revision;
    this.#services = services;
  }

  readonly getSnapshot = (): PageState<Data> => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => this.#listeners.add(listener);

  readonly refetch = async (): Promise<void> => {
    this.#show({ isLoading: true });
    try {
      const data = await this.#services.fetch();
      this.#show({ error: undefined, isLoading: false, ...(!this.#isOlder(data) && { data }) });
    } catch (error) {
      this.#show({ error, isLoading: false });
      throw error;
    }
    if (this.#sync !== undefined) this.#synchronize();
    this.#sync?.check();
  };

  #start(): void {
    this.#sync = new PageSync({
      shown: () => this.#state.data && this.#revision(this.#state.data),
      refetch: () => this.refetch(),
      mutationsSettled: this.#services.mutationsSettled,
    });
    this.#synchronize();
    this.refetch().catch(() => {}); // shown as `error`
  }

  #stop(): void {
    this.#sync?.stop();
    this.#sync = undefined;
    this.#endEvents();
    this.#endEvents = () => {};
    this.#syncedId = undefined;
  }

  #synchronize(): void {
    const { data } = this.#state;
    const id = typeof this.#id === "string" ? this.#id : (data && this.#id(data)) || undefined;
    if (id === this.#syncedId) return;
    this.#endEvents();
    this.#syncedId = id;
    this.#endEvents = id ? this.#services.events.subscribe(id, (event) => this.#sync?.receive(event)) : () => {};
  }

  /** A fetch may be answered after a later one. */
  #isOlder(data: Data): boolean {
    const shown = this.#state.data && this.#revision(this.#state.data);
    const fetched = this.#revision(data);
    return shown != null && fetched != null && fetched < shown;
  }

  #show(change: Partial<PageState<Data>>): void {
    this.#state = { ...this.#state, ...change };
    this.#listeners.notify();
  }
}
