/** What a key press means. */

import type { KeyboardEvent } from "react";

const IN_COMPOSITION = 229; // what Safari says of the Enter that ends one, of which it says that it is over

/** It picks a character of a script with more of them than keys. */
export function isComposing({ nativeEvent, keyCode }: KeyboardEvent): boolean {
  return nativeEvent.isComposing || keyCode === IN_COMPOSITION;
}
