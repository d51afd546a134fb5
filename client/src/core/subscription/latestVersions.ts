/** The latest version of each object that has listeners, kept outside a GraphQL library's cache. */

import { type Revisioned, supersedes } from "./revisions.ts";

export class LatestVersions<Version extends Revisioned = Revisioned> {
  #versions = new Map<string, Version>();
  #listeners = new Map<string, Set<() => void>>();
  readonly #onRelease: (latest: Version) => void;

  /** `onRelease` receives an object's latest version when its last listener unsubscribes. */
  constructor(onRelease: (latest: Version) => void = () => {}) {
    this.#onRelease = onRelease;
  }

  get(id: string): Version | undefined {
    return this.#versions.get(id);
  }

  /** Ignores a version that is older than the known one. */
  offer(version: Version): void {
    const known = this.#versions.get(version.id);
    if (known !== undefined && (!supersedes(version, known) || version === known)) return;
    // Fields that this version lacks are kept: two fragments on one object may select different fields.
    this.#versions.set(version.id, { ...known, ...version });
    for (const listener of this.#listeners.get(version.id) ?? []) listener();
  }

  subscribe(id: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(id) ?? new Set();
    this.#listeners.set(id, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0) return;
      const latest = this.#versions.get(id);
      this.#listeners.delete(id);
      this.#versions.delete(id); // the next page fetches the object anyway, and a long session must not keep them all
      if (latest !== undefined) this.#onRelease(latest);
    };
  }
}
