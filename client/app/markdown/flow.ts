/**
 * The text of a growing reply, in two parts. Most steps add a few plain words to the last paragraph: these are kept as its
 * tail, which is rendered alone. Everything else is parsed.
 */

import { type Pacer, pacer } from "@twotrack/client";
import { type Parsed, plainTail } from "./parse.ts";

export interface Flow extends Pick<Pacer, "update" | "subscribe" | "stop"> {
  /** The text to parse. */
  body(): string;
  /** Plain text that follows the body in its last paragraph. */
  tail(): string;
  /** What the body was parsed to. */
  parsed?: Parsed | undefined;
}

export function flowing(text: string): Flow {
  const pace = pacer({ text });
  const listeners = new Set<() => void>();
  let newest = { text, isStreaming: false };
  let body = text;
  let tail = "";

  const show = () => {
    const shown = pace.shown();
    const isComplete = !newest.isStreaming && shown.length === newest.text.length;
    const continued = isComplete ? undefined : flow.parsed && plainTail(shown, body, flow.parsed);
    if (continued === undefined) body = shown;
    tail = continued ?? "";
    for (const listener of listeners) listener();
  };
  pace.subscribe(show);

  const flow: Flow = {
    update(text, isStreaming) {
      newest = { text, isStreaming };
      pace.update(text, isStreaming);
      if (!isStreaming && tail !== "") show(); // all of it may have been shown before
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: pace.stop,
    body: () => body,
    tail: () => tail,
  };
  return flow;
}
