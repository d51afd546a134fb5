/**
 * Keeps the reader where they are: at the newest text if that is where they are, and otherwise on the line that they
 * read, whatever grows, arrives or is loaded above and below it.
 */

import { type RefObject, useCallback, useEffect, useRef, useState } from "react";

const NEAR_PX = 64; // nobody scrolls to the last pixel

export interface ReadingPlace {
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly content: RefObject<HTMLDivElement | null>;
  readonly isAtNewest: boolean;
  readonly goToNewest: (behavior?: ScrollBehavior) => void;
}

interface Anchor {
  readonly element: Element;
  readonly top: number;
}

export function useReadingPlace(): ReadingPlace {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const anchor = useRef<Anchor>(undefined);
  const [isAtNewest, setIsAtNewest] = useState(true);

  const goToNewest = useCallback((behavior: ScrollBehavior = "auto") => {
    follows.current = true;
    setIsAtNewest(true);
    scroller.current?.scrollTo({ top: scroller.current.scrollHeight, behavior });
  }, []);

  useEffect(() => {
    const view = scroller.current;
    const rows = content.current;
    if (view === null || rows === null) return;
    let lastTop = view.scrollTop;

    const onScroll = () => {
      const isNear = view.scrollHeight - view.scrollTop - view.clientHeight < NEAR_PX;
      // Growth moves the end away from the reader; only the reader moves up.
      if (isNear) follows.current = true;
      else if (view.scrollTop < lastTop) follows.current = false;
      lastTop = view.scrollTop;
      setIsAtNewest(follows.current);
      anchor.current = follows.current ? undefined : anchorIn(view, rows);
    };

    const keep = () => {
      const held = anchor.current;
      if (follows.current) view.scrollTop = view.scrollHeight;
      else if (held?.element.isConnected) view.scrollTop += topOf(held.element, view) - held.top;
      lastTop = view.scrollTop;
    };

    // Text that grows is followed before its frame begins: scrolled to within it, each update would cost a second frame,
    // for the scroll event alone.
    const texts = new MutationObserver(keep);
    texts.observe(rows, { subtree: true, childList: true, characterData: true });
    // Fires between layout and paint: the reader never sees the text in the wrong place.
    const sizes = new ResizeObserver(keep);
    sizes.observe(rows);
    sizes.observe(view);
    view.addEventListener("scroll", onScroll, { passive: true });
    return () => {
      texts.disconnect();
      sizes.disconnect();
      view.removeEventListener("scroll", onScroll);
    };
  }, []);

  return { scroller, content, isAtNewest, goToNewest };
}

/** The first message, or block of a message, that is in view. */
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
