/** The state of a connection, for an indicator on the page. */

/** `idle`: there are no subscriptions. `lost`: there are some, and the connection is being restored. */
export type ConnectionStatus = "idle" | "connecting" | "open" | "lost";

export interface ConnectionState {
  readonly status: ConnectionStatus;
  /** What carries the subscriptions. `http`: Server-Sent Events or polling, since there are no WebSockets. */
  readonly transport: "websocket" | "http";
}

export const IDLE: ConnectionState = { status: "idle", transport: "websocket" };

export class StatusStore {
  #state = IDLE;
  #listeners = new Set<() => void>();

  readonly current = (): ConnectionStatus => this.#state.status;

  /** The same object until something changes. */
  readonly state = (): ConnectionState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  set(status: ConnectionStatus): void {
    this.#change({ ...this.#state, status });
  }

  setTransport(transport: ConnectionState["transport"]): void {
    this.#change({ ...this.#state, transport });
  }

  #change(state: ConnectionState): void {
    if (state.status === this.#state.status && state.transport === this.#state.transport) return;
    this.#state = state;
    for (const listener of [...this.#listeners]) listener();
  }
}
