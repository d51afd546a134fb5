/** The last plain words of a growing reply. A step appends to this text without React, which would visit the whole page. */

import { createContext, use, useLayoutEffect, useRef, useSyncExternalStore } from "react";
import type { Flow } from "./flow.ts";

export const FlowContext = createContext<Flow | undefined>(undefined);

export function Tail() {
  const flow = use(FlowContext);
  return flow && <TailOf flow={flow} />;
}

function TailOf({ flow }: { flow: Flow }) {
  const span = useRef<HTMLSpanElement>(null);
  const body = useSyncExternalStore(flow.subscribe, flow.body);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new body contains what was the tail
  useLayoutEffect(() => {
    const parent = span.current;
    if (parent === null) return;
    let text = document.createTextNode(flow.tail());
    parent.replaceChildren(text);
    return flow.subscribe(() => {
      const tail = flow.tail();
      // An empty tail is not shown before React has rendered the body: the text would be shorter for a moment.
      if (!tail.startsWith(text.data)) return;
      if (text.parentNode === parent) text.appendData(tail.slice(text.data.length));
      else {
        // The browser has translated it, and translates it again.
        text = document.createTextNode(tail);
        parent.replaceChildren(text);
      }
    });
  }, [flow, body]);
  return <span ref={span} />;
}
