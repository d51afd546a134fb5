/** A store that holds the latest version of one object, and streams the object while it is being generated. */

import type { ActiveStreams } from "../subscription/activeStreams.ts";
import { refused } from "../subscription/refusal.ts";
import type { StreamFailure } from "../subscription/revisions.ts";
import { type StreamedObject, supersedes } from "../subscription/revisions.ts";
import { Listeners, type Store } from "./store.ts";

export class FollowedObject<Shown extends StreamedObject> implements Store<Shown> {
  #snapshot: Shown;
  #refusedAt = Number.NEGATIVE_INFINITY;
  #endStream: (() => void) | undefined;
  #endVersions = () => {};
  readonly #streams: ActiveStreams;
  readonly #listeners = new Listeners(
    () => this.#start(),
    () => this.#stop(),
  );

  constructor(streams: ActiveStreams, object: Shown) {
    this.#streams = streams;
    const latest = streams.versions.get(object.id); // another store may know a newer one than the page
    this.#snapshot = latest && supersedes(latest, object) ? { ...object, ...latest } : object;
  }

  readonly getSnapshot = (): Shown => this.#snapshot;

  readonly subscribe = (listener: () => void): (() => void) => this.#listeners.add(listener);

  #start(): void {
    const { versions } = this.#streams;
    this.#endVersions = versions.subscribe(this.#snapshot.id, () => this.#update());
    if (this.#snapshot.revision > this.#refusedAt) versions.offer(this.#snapshot);
    this.#update();
    this.#streamIfGenerating();
  }

  #stop(): void {
    this.#endVersions();
    this.#endStream?.();
    this.#endStream = undefined;
  }

  #update(): void {
    const latest = this.#streams.versions.get(this.#snapshot.id);
    if (latest === undefined || latest.revision < this.#snapshot.revision || latest.revision <= this.#refusedAt) return;
    this.#show({ ...this.#snapshot, ...latest });
  }

  #show(snapshot: Shown): void {
    this.#snapshot = snapshot;
    this.#streamIfGenerating();
    this.#listeners.notify();
  }

  #streamIfGenerating(): void {
    if (this.#snapshot.streaming && this.#listeners.any)
      this.#endStream ??= this.#streams.subscriptions.subscribe(this.#snapshot.id, (failure) => this.#refuse(failure));
    if (this.#snapshot.streaming) return;
    this.#endStream?.();
    this.#endStream = undefined;
  }

  #refuse(failure: StreamFailure): void {
    this.#refusedAt = this.#snapshot.revision;
    this.#show(refused(this.#snapshot, failure));
  }
}
