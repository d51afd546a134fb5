/** How a connection is, for whoever wants to show it. */

/** `idle`: nothing is followed. `lost`: something is, and its way to the server is being restored. */
export type ConnectionStatus = "idle" | "connecting" | "open" | "lost";

export class Status {
  #current: ConnectionStatus = "idle";
  #listeners = new Set<() => void>();

  readonly current = (): ConnectionStatus => this.#current;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  turn(to: ConnectionStatus): void {
    if (this.#current === to) return;
    this.#current = to;
    for (const listener of [...this.#listeners]) listener();
  }
}
