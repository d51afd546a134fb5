/** The newest entries of both tracks, made from all results that the connection receives. */

import type { ReceivedResult } from "@twotrack/client";

/** For each track. The panel keeps no more, however long it is open. */
export const MAX_ENTRIES = 50;

interface Entry {
  readonly key: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** ID of the object. */
  readonly id: string;
  readonly revision: number;
}

/** A sync event. */
export interface Event extends Entry {
  readonly kind: "event";
  readonly isDeleted: boolean;
}

/** A page that was fetched. */
export interface Fetched extends Entry {
  readonly kind: "fetched";
  readonly bytes: number;
  readonly durationMs: number;
  /** Revision of the sync event after which the page was fetched. Undefined if it was fetched for another reason. */
  readonly after: number | undefined;
}

/** One update of a message that is being written. */
export interface Frame extends Entry {
  readonly bytes: number;
  /** Milliseconds since the last frame of this message. Undefined for the first. */
  readonly gapMs: number | undefined;
  readonly isLast: boolean;
}

export interface Tracks {
  /** The newest first. */
  readonly sync: readonly (Event | Fetched)[];
  /** The newest first. */
  readonly stream: readonly Frame[];
}

/** The parts of the results that the log reads. */
interface Data {
  readonly sync?: { readonly id: string; readonly revision: number; readonly deleted: boolean } | null;
  readonly messageStream?: { readonly id: string; readonly revision: number; readonly streaming: boolean } | null;
  readonly chat?: { readonly id: string; readonly messages?: Revisioned } | null;
  readonly viewer?: { readonly id: string; readonly chats?: Revisioned } | null;
}

interface Revisioned {
  readonly revision?: number;
}

export class TrackLog {
  #tracks: Tracks = { sync: [], stream: [] };
  #nextKey = 0;
  /** Revisions that sync events announced and no page has fetched yet, by id. */
  readonly #announced = new Map<string, number>();
  readonly #listeners = new Set<() => void>();

  readonly tracks = (): Tracks => this.#tracks;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  add(received: ReceivedResult, time = Date.now()): void {
    const { sync, messageStream, chat, viewer } = (received.result.data ?? {}) as Data;
    if (received.source === "response") {
      if (chat) this.#addFetched(received, time, chat.id, chat.messages?.revision);
      if (viewer) this.#addFetched(received, time, viewer.id, viewer.chats?.revision);
    } else if (sync) {
      const { id, revision, deleted } = sync;
      this.#announced.set(id, revision);
      this.#addToSync({ kind: "event", key: this.#nextKey++, time, id, revision, isDeleted: deleted });
    } else if (messageStream) {
      const { id, revision, streaming } = messageStream;
      const last = this.#tracks.stream.find((frame) => frame.id === id);
      const gapMs = last && time - last.time;
      const frame = { key: this.#nextKey++, time, id, revision, bytes: bytesOf(received), gapMs, isLast: !streaming };
      this.#show({ ...this.#tracks, stream: newest(frame, this.#tracks.stream) });
    }
  }

  #addFetched(received: ReceivedResult, time: number, id: string, revision: number | undefined): void {
    if (revision === undefined) return; // a part of the page, not its rows
    const after = this.#announced.get(id);
    this.#announced.delete(id);
    this.#addToSync({
      kind: "fetched",
      key: this.#nextKey++,
      time,
      id,
      revision,
      bytes: bytesOf(received),
      durationMs: received.durationMs ?? 0,
      after,
    });
  }

  #addToSync(entry: Event | Fetched): void {
    this.#show({ ...this.#tracks, sync: newest(entry, this.#tracks.sync) });
  }

  #show(tracks: Tracks): void {
    this.#tracks = tracks;
    for (const listener of this.#listeners) listener();
  }
}

function newest<Kind>(entry: Kind, others: readonly Kind[]): Kind[] {
  return [entry, ...others.slice(0, MAX_ENTRIES - 1)];
}

/** Of its JSON text, before compression. */
function bytesOf({ result }: ReceivedResult): number {
  return new TextEncoder().encode(JSON.stringify(result)).length;
}
