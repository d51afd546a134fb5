/** One live `sync` operation per id, however many components follow it; who comes late hears the last event at once. */

import type { SyncEvent } from "./pageSync.ts";

type Hear = (event: SyncEvent) => void;

interface Followed {
  readonly listeners: Set<Hear>;
  readonly stop: () => void;
  latest?: SyncEvent;
}

export class SyncTrack {
  #followed = new Map<string, Followed>();
  readonly #open: (id: string, hear: Hear) => () => void;

  constructor(open: (id: string, hear: Hear) => () => void) {
    this.#open = open;
  }

  follow(id: string, hear: Hear): () => void {
    const followed = this.#followed.get(id) ?? this.#begin(id);
    followed.listeners.add(hear);
    if (followed.latest) hear(followed.latest);
    return () => {
      followed.listeners.delete(hear);
      // Not at once: StrictMode and a change of route leave and come back within the same tick.
      setTimeout(() => this.#release(id, followed));
    };
  }

  #begin(id: string): Followed {
    const listeners = new Set<Hear>();
    const stop = this.#open(id, (event) => {
      followed.latest = event;
      for (const hear of [...listeners]) hear(event);
    });
    const followed: Followed = { listeners, stop };
    this.#followed.set(id, followed);
    return followed;
  }

  #release(id: string, followed: Followed): void {
    if (followed.listeners.size > 0 || this.#followed.get(id) !== followed) return;
    this.#followed.delete(id);
    followed.stop();
  }
}
