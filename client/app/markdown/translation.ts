/**
 * Browsers that translate a page replace text nodes by `<font>` elements, of which React knows nothing. It would then write
 * to nodes that are no longer on the page, or fail to remove them. So an element that was translated is not changed, but
 * made anew, and the browser translates it again.
 */

import { type RefObject, useRef } from "react";

export interface Translatable<Host extends HTMLElement> {
  readonly ref: RefObject<Host | null>;
  /** Another one if the element was translated since it was last rendered. */
  readonly key: number;
}

/** Returns the properties of an element whose content may change. */
export function useTranslatable<Host extends HTMLElement>(): Translatable<Host> {
  const ref = useRef<Host>(null);
  const key = useRef(0);
  if (ref.current?.querySelector("font")) key.current++;
  return { ref, key: key.current };
}
