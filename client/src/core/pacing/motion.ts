/** Tells whether text should be shown as it arrives. Works without a browser, where the answer is no. */

export function isMotionUnwanted(): boolean {
  if (typeof document === "undefined") return false;
  return document.visibilityState === "hidden" || prefersReducedMotion();
}

let isReduced: boolean | undefined;

/** Remembered, because asking the browser can make it compute styles, and this is asked for every step. */
function prefersReducedMotion(): boolean {
  if (isReduced === undefined) {
    const query = globalThis.matchMedia?.("(prefers-reduced-motion: reduce)");
    query?.addEventListener?.("change", ({ matches }) => {
      isReduced = matches;
    });
    isReduced = query?.matches ?? false;
  }
  return isReduced;
}
