/** What the tabs of a browser share: one renewal at a time, and news of changes. Elsewhere the app is alone. */

const NAME = "twotrack.session";

/** Runs a function while no other tab runs one. Without Web Locks it runs at once. */
export async function exclusively<Result>(run: () => Promise<Result>): Promise<Result> {
  const locks: LockManager | null | undefined = globalThis.navigator?.locks; // null in some environments for tests
  return locks ? locks.request(NAME, run) : run();
}

export interface OtherTabs {
  /** Tells the other tabs that the token has changed. */
  notify(message: string): void;
  close(): void;
}

/** Calls back with the message of another tab; without one if only the browser's storage reports a change. */
export function otherTabs(onChange: (message?: string) => void): OtherTabs {
  const channel = typeof BroadcastChannel === "undefined" ? undefined : new BroadcastChannel(NAME);
  // Node keeps a process alive for an open channel.
  (channel as { unref?: () => void } | undefined)?.unref?.();
  channel?.addEventListener("message", ({ data }: MessageEvent<string>) => onChange(data));
  const onStorage = () => onChange();
  globalThis.addEventListener?.("storage", onStorage);
  return {
    notify: (message) => channel?.postMessage(message),
    close() {
      channel?.close();
      globalThis.removeEventListener?.("storage", onStorage);
    },
  };
}
