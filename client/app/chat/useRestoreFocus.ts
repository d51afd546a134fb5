/** Whoever uses the keyboard keeps their place when what they have just pressed, or written in, disappears. */

import { type RefObject, useEffect } from "react";

const PLACES = "article, header";

export function useKeptFocus(page: RefObject<HTMLElement | null>, isShown: boolean): void {
  useEffect(() => {
    const shown = page.current;
    if (shown === null || !isShown) return;
    let focused: Element | undefined;
    let place: Element | null = null;
    const onFocus = ({ target }: FocusEvent) => {
      // Whoever points needs no place, and on a phone would be given a keyboard.
      focused = (target as Element).matches(":focus-visible") ? (target as Element) : undefined;
      place = (target as Element).closest(PLACES);
    };
    const onBlur = ({ target }: FocusEvent) =>
      queueMicrotask(() => {
        const isThere = focused?.isConnected && !focused.matches(":disabled");
        if (isThere && focused === target) focused = undefined; // it was left, and not taken away
      });
    const removals = new MutationObserver(() => {
      if (focused === undefined || focused.isConnected) return;
      focused = undefined;
      if (document.activeElement !== document.body) return;
      const successor = place?.isConnected ? controlOf(place) : undefined;
      (successor ?? shown.querySelector<HTMLElement>("textarea"))?.focus({ preventScroll: true });
    });
    removals.observe(shown, { childList: true, subtree: true });
    shown.addEventListener("focusin", onFocus);
    shown.addEventListener("focusout", onBlur);
    return () => {
      removals.disconnect();
      shown.removeEventListener("focusin", onFocus);
      shown.removeEventListener("focusout", onBlur);
    };
  }, [page, isShown]);
}

function controlOf(place: Element): HTMLElement | null {
  return place.querySelector("[data-action=edit]") ?? place.querySelector(":scope > footer button, :scope > h1 button");
}
