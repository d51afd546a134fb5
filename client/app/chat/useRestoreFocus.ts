/** Moves the keyboard focus to a control nearby when the focused element is removed, for example by deleting a message. */

import { type RefObject, useEffect } from "react";

const CONTAINERS = "article, header";

export function useRestoreFocus(page: RefObject<HTMLElement | null>, isShown: boolean): void {
  useEffect(() => {
    const root = page.current;
    if (root === null || !isShown) return;
    let focused: Element | undefined;
    let container: Element | null = null;
    const onFocus = ({ target }: FocusEvent) => {
      // Only for keyboard focus: after a tap, focusing the text field would open the phone's keyboard.
      focused = (target as Element).matches(":focus-visible") ? (target as Element) : undefined;
      container = (target as Element).closest(CONTAINERS);
    };
    const onBlur = ({ target }: FocusEvent) =>
      queueMicrotask(() => {
        const isAvailable = focused?.isConnected && !focused.matches(":disabled");
        if (isAvailable && focused === target) focused = undefined; // the user left it; it was not removed
      });
    const removals = new MutationObserver(() => {
      if (focused === undefined || focused.isConnected) return;
      focused = undefined;
      if (document.activeElement !== document.body) return;
      const successor = container?.isConnected ? firstControl(container) : undefined;
      (successor ?? root.querySelector<HTMLElement>("textarea"))?.focus({ preventScroll: true });
    });
    removals.observe(root, { childList: true, subtree: true });
    root.addEventListener("focusin", onFocus);
    root.addEventListener("focusout", onBlur);
    return () => {
      removals.disconnect();
      root.removeEventListener("focusin", onFocus);
      root.removeEventListener("focusout", onBlur);
    };
  }, [page, isShown]);
}

function firstControl(container: Element): HTMLElement | undefined {
  const edit = container.querySelector<HTMLElement>("[data-action=edit]");
  const controls = container.querySelectorAll<HTMLElement>(
    ":scope > .actions > button, :scope > footer button, :scope > h1 button",
  );
  return [...(edit ? [edit] : []), ...controls].find((control) => control.checkVisibility()); // not in a closed menu
}
