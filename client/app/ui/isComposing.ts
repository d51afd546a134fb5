import type { KeyboardEvent } from "react";

const IME_KEY_CODE = 229; // Safari sets this on the Enter that ends a composition, where `isComposing` is already false

/** True if the key press belongs to an input method (IME), for example an Enter that picks a Japanese character. */
export function isComposing({ nativeEvent, keyCode }: KeyboardEvent): boolean {
  return nativeEvent.isComposing || keyCode === IME_KEY_CODE;
}
