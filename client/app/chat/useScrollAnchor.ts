/**
 * Keeps the scroll position while content grows, arrives or is loaded. At the bottom it follows the newest text.
 * Elsewhere the line that the user reads stays in place.
 */

import { type RefObject, useCallback, useEffect, useRef, useState } from "react";
import { gliding } from "./glide.ts";
import type { Place } from "./places.ts";

const GROWING = "article[aria-busy=true]";
const BOTTOM_TOLERANCE_PX = 64; // users rarely scroll to the last pixel

export interface ScrollAnchor {
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly content: RefObject<HTMLDivElement | null>;
  readonly isAtBottom: boolean;
  readonly scrollToBottom: (behavior?: ScrollBehavior) => void;
  /** Shows this message at this distance from the top of the view; in its middle by default, or from its start, if it is long. */
  readonly scrollTo: (message: Element, top?: number) => void;
  /** The first message in view. Undefined at the bottom. */
  readonly place: () => Place | undefined;
}

/** An element, and its distance from the top of the view. */
interface Anchor {
  readonly element: Element;
  readonly top: number;
}

export function useScrollAnchor(): ScrollAnchor {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const anchor = useRef<Anchor>(undefined);
  const [isAtBottom, setIsAtBottom] = useState(true);

  const scrollToBottom = useCallback((behavior: ScrollBehavior = "auto") => {
    follows.current = true;
    setIsAtBottom(true);
    scroller.current?.scrollTo({ top: scroller.current.scrollHeight, behavior });
  }, []);

  const scrollTo = useCallback((message: Element, top?: number) => {
    const view = scroller.current;
    if (view === null) return;
    const room = view.clientHeight - message.clientHeight;
    view.scrollTop += topOf(message, view) - (top ?? Math.max(room / 2, 0));
    anchor.current = { element: message, top: topOf(message, view) };
    follows.current = isNearBottom(view);
    setIsAtBottom(follows.current);
  }, []);

  const place = useCallback(
    () =>
      follows.current || !scroller.current || !content.current ? undefined : placeIn(scroller.current, content.current),
    [],
  );

  useEffect(() => {
    const view = scroller.current;
    const rows = content.current;
    if (view === null || rows === null) return;
    const glide = gliding(view, () => restore());
    let lastTop = view.scrollTop;

    const onScroll = () => {
      // Growing content moves the bottom away without moving up; only the user scrolls up.
      if (isNearBottom(view)) follows.current = true;
      else if (view.scrollTop < lastTop) follows.current = false;
      lastTop = view.scrollTop;
      setIsAtBottom(follows.current);
      anchor.current = follows.current ? undefined : anchorIn(view, rows);
    };

    const restore = () => {
      const kept = anchor.current;
      if (follows.current) glide.toEnd(() => rows.querySelector(GROWING) !== null);
      else if (kept?.element.isConnected) view.scrollTop += topOf(kept.element, view) - kept.top;
      lastTop = view.scrollTop;
    };

    // Scrolls before the frame of a text change begins. Scrolling within the frame would cost each update a second frame
    // for its scroll event.
    const texts = new MutationObserver(restore);
    texts.observe(rows, { subtree: true, childList: true, characterData: true });
    // Fires between layout and paint, so the text is never painted in the wrong place.
    const sizes = new ResizeObserver(restore);
    sizes.observe(rows);
    sizes.observe(view);
    view.addEventListener("scroll", onScroll, { passive: true });
    return () => {
      glide.stop();
      texts.disconnect();
      sizes.disconnect();
      view.removeEventListener("scroll", onScroll);
    };
  }, []);

  return { scroller, content, isAtBottom, scrollToBottom, scrollTo, place };
}

function isNearBottom(view: Element): boolean {
  return view.scrollHeight - view.scrollTop - view.clientHeight < BOTTOM_TOLERANCE_PX;
}

/** The first message, or block of a message, that begins in view. */
function anchorIn(view: Element, rows: Element): Anchor | undefined {
  const candidates = rows.querySelectorAll("article, article .markdown > *");
  const top = view.getBoundingClientRect().top;
  const element = firstOf(candidates, (box) => box.top >= top) ?? candidates[candidates.length - 1];
  return element && { element, top: topOf(element, view) };
}

/** The first message of which a part is in view. */
function placeIn(view: Element, rows: Element): Place | undefined {
  const top = view.getBoundingClientRect().top;
  const message = firstOf(rows.querySelectorAll<HTMLElement>("[data-message-id]"), (box) => box.bottom > top);
  const messageId = message?.dataset.messageId;
  return message && messageId ? { messageId, top: topOf(message, view) } : undefined;
}

/** The first of these elements, which lie one below the other, that is far enough down. */
function firstOf<Kind extends Element>(
  elements: NodeListOf<Kind>,
  isFarEnough: (box: DOMRect) => boolean,
): Kind | undefined {
  let [low, high] = [0, elements.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isFarEnough((elements[middle] as Kind).getBoundingClientRect())) high = middle;
    else low = middle + 1;
  }
  return elements[low];
}

function topOf(element: Element, view: Element): number {
  return element.getBoundingClientRect().top - view.getBoundingClientRect().top;
}
