/** Browser events after which the network may have changed: it is back, or the page is visible or hidden again. */

export function onWake(listener: () => void): () => void {
  const { document } = globalThis;
  if (document?.addEventListener === undefined) return () => {}; // not a browser: the app calls `connection.wake()`
  globalThis.addEventListener?.("online", listener);
  document.addEventListener("visibilitychange", listener);
  return () => {
    globalThis.removeEventListener?.("online", listener);
    document.removeEventListener("visibilitychange", listener);
  };
}

export function isHidden(): boolean {
  return globalThis.document?.visibilityState === "hidden";
}
