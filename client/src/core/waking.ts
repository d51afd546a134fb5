/** A laptop that wakes and a network that returns say so: there is no need to wait for a timer to find out. */

export function onWaking(wake: () => void): () => void {
  if (typeof document === "undefined") return () => {};
  addEventListener("online", wake);
  document.addEventListener("visibilitychange", wake);
  return () => {
    removeEventListener("online", wake);
    document.removeEventListener("visibilitychange", wake);
  };
}

export function isHidden(): boolean {
  return globalThis.document?.visibilityState === "hidden";
}
