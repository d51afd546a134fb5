/** Tells whether text should be shown as it arrives. Works without a browser, where the answer is no. */

let reducedMotion: MediaQueryList | undefined;

export function isMotionUnwanted(): boolean {
  if (typeof document === "undefined") return false;
  if (document.visibilityState === "hidden") return true;
  reducedMotion ??= globalThis.matchMedia?.("(prefers-reduced-motion: reduce)");
  return reducedMotion?.matches ?? false;
}
