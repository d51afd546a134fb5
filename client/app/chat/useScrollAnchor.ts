/**
 * Keeps the scroll position while content grows, arrives or is loaded. At the bottom it follows the newest text.
 * Elsewhere the line that the user reads stays in place.
 */

import { type RefObject, useCallback, useEffect, useRef, useState } from "react";
import { gliding } from "./glide.ts";

const GROWING = "article[aria-busy=true]";
const BOTTOM_TOLERANCE_PX = 64; // users rarely scroll to the last pixel

export interface ScrollAnchor {
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly content: RefObject<HTMLDivElement | null>;
  readonly isAtBottom: boolean;
  readonly scrollToBottom: (behavior?: ScrollBehavior) => void;
  /** Shows this message in the middle of the view; from its start, if it is long. */
  readonly scrollTo: (message: Element) => void;
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

  const scrollTo = useCallback((message: Element) => {
    const view = scroller.current;
    if (view === null) return;
    const room = view.clientHeight - message.clientHeight;
    follows.current = false;
    view.scrollTop += topOf(message, view) - Math.max(room / 2, 0);
    anchor.current = { element: message, top: topOf(message, view) };
  }, []);

  useEffect(() => {
    const view = scroller.current;
    const rows = content.current;
    if (view === null || rows === null) return;
    const glide = gliding(view, () => restore());
    let lastTop = view.scrollTop;

    const onScroll = () => {
      const isNearBottom = view.scrollHeight - view.scrollTop - view.clientHeight < BOTTOM_TOLERANCE_PX;
      // Growing content moves the bottom away without moving up; only the user scrolls up.
      if (isNearBottom) follows.current = true;
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

  return { scroller, content, isAtBottom, scrollToBottom, scrollTo };
}

/** The first visible message, or block of a message. */
function anchorIn(view: Element, rows: Element): Anchor | undefined {
  const candidates = rows.querySelectorAll("article, article .markdown > *");
  const top = view.getBoundingClientRect().top;
  let [low, high] = [0, candidates.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const candidate = candidates[middle] as Element;
    if (candidate.getBoundingClientRect().top < top) low = middle + 1;
    else high = middle;
  }
  const element = candidates[low] ?? candidates[candidates.length - 1];
  return element && { element, top: topOf(element, view) };
}

function topOf(element: Element, view: Element): number {
  return element.getBoundingClientRect().top - view.getBoundingClientRect().top;
}
