/** Browser events after which the network may have changed: it is back, or the page is visible or hidden again. */

export function onWake(listener: () => void): () => void {
  if (typeof document === "undefined") return () => {};
  addEventListener("online", listener);
  document.addEventListener("visibilitychange", listener);
  return () => {
    removeEventListener("online", listener);
    document.removeEventListener("visibilitychange", listener);
  };
}

export function isHidden(): boolean {
  return globalThis.document?.visibilityState === "hidden";
}
