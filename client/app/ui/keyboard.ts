/** Keys that mean something else on a phone, or to an input method. */

import type { KeyboardEvent } from "react";

const IME_KEY_CODE = 229; // Safari sets this on the Enter that ends a composition, where `isComposing` is already false

/** True if the key press belongs to an input method (IME), for example an Enter that picks a Japanese character. */
export function isComposing({ nativeEvent, keyCode }: KeyboardEvent): boolean {
  return nativeEvent.isComposing || keyCode === IME_KEY_CODE;
}

/** False on a phone: its keyboard covers the page, and has no key for a new line beside Enter. */
export function hasKeyboard(): boolean {
  return matchMedia("(pointer: fine)").matches;
}

/** True if the key press sends a text of several lines. */
export function sends(event: KeyboardEvent): boolean {
  return event.key === "Enter" && !event.shiftKey && hasKeyboard();
}
