/**
 * Scrolls to the end smoothly when the text has grown by a line: in a few parts, each in a frame that a step of the text
 * costs anyway. An animation would cost every frame new styles and layers.
 */

const PART = 0.5; // of the distance
const SMALLEST_PX = 6;
const SAME_FRAME_MS = 30; // a change is reported twice: when it is made, and after its layout
const LATEST_MS = 60; // for the next part, if the text does not grow meanwhile
const MAX_DISTANCE_PX = 160; // a table or picture: gliding would look like a fault

export interface Glide {
  /** Call it after every change. At once if the text does not grow, or if the user prefers reduced motion. */
  toEnd(isGrowing: () => boolean): void;
  stop(): void;
}

/** `onDue` must call `toEnd` again, unless the user has scrolled away. */
export function gliding(view: Element, onDue: () => void): Glide {
  let movedAt = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const stop = () => {
    clearTimeout(timer);
    timer = undefined;
  };

  return {
    stop,
    toEnd(isGrowing) {
      const now = performance.now();
      if (timer !== undefined && now - movedAt < SAME_FRAME_MS) return;
      stop();
      const distance = view.scrollHeight - view.clientHeight - view.scrollTop;
      if (distance < 1) return;
      const isSmooth = distance <= MAX_DISTANCE_PX && isGrowing() && !prefersReducedMotion();
      const part = isSmooth ? Math.max(Math.ceil(distance * PART), SMALLEST_PX) : distance;
      view.scrollTop += part;
      if (part >= distance) return;
      movedAt = now;
      timer = setTimeout(onDue, LATEST_MS);
    },
  };
}

function prefersReducedMotion(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
