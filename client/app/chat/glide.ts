/**
 * Lets the text move up smoothly when it has grown by a line. The scroll position changes at once; the content then slides
 * from its old place to the new one, which costs less than scrolling in steps.
 */

const DURATION_MS = 120; // a third of the time in which a fast reply fills a line
const MAX_DISTANCE_PX = 160; // a table or picture: sliding it would look like a fault

export function gliding(content: HTMLElement): (distance: number) => void {
  let from = 0;
  let running: Animation | undefined;

  return (distance) => {
    if (distance > MAX_DISTANCE_PX) return;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const progress = running?.effect?.getComputedTiming().progress ?? 1;
    from = from * (1 - progress) + distance;
    running?.cancel();
    running = content.animate([{ transform: `translateY(${from}px)` }, { transform: "none" }], {
      duration: DURATION_MS,
      easing: "ease-out",
    });
  };
}
