/** The state of a connection, for an indicator on the page. */

/** `idle`: there are no subscriptions. `lost`: there are some, and the connection is being restored. */
export type ConnectionStatus = "idle" | "connecting" | "open" | "lost";

export class StatusStore {
  #current: ConnectionStatus = "idle";
  #listeners = new Set<() => void>();

  readonly current = (): ConnectionStatus => this.#current;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  set(status: ConnectionStatus): void {
    if (this.#current === status) return;
    this.#current = status;
    for (const listener of [...this.#listeners]) listener();
  }
}
