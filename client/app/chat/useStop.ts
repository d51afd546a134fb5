/** Stops the reply that is being written in a chat, by the button beside the text field or by Escape. */

import { useCallback, useEffect, useRef } from "react";
import { StopDocument } from "../documents.ts";
import { useSession } from "../session/session.ts";
import { type Action, useAction } from "../ui/useAction.ts";
import { useTurns } from "./turns.ts";

/** Between two stops. The second click of a double click must not stop the reply that begins next. */
const PAUSE_MS = 800;

/** What Escape does there is not to stop a reply. */
const OWN_ESCAPE = "dialog, form.edit, form.rename, aside, [type=search]";

export interface Stop {
  /** Undefined if no reply is being written. */
  readonly stop: (() => void) | undefined;
  readonly error: string | undefined;
}

export function useStop(chatId: string): Stop {
  const { client } = useSession();
  const writing = useTurns(chatId).find(({ streaming }) => streaming)?.id;
  const action: Action<[string]> = useAction((messageId: string) =>
    client.mutate({ mutation: StopDocument, variables: { input: { messageId } } }),
  );
  const { run } = action;
  const last = useRef(Number.NEGATIVE_INFINITY);
  const stop = useCallback(() => {
    if (writing === undefined || performance.now() - last.current < PAUSE_MS) return;
    last.current = performance.now();
    void run(writing);
  }, [writing, run]);

  useEffect(() => {
    if (writing === undefined) return;
    const onKeyDown = (event: KeyboardEvent) => {
      const target = event.target instanceof Element ? event.target : undefined;
      if (event.key !== "Escape" || event.defaultPrevented || event.isComposing) return;
      if (document.querySelector("dialog[open], :popover-open") === null && !target?.closest(OWN_ESCAPE)) stop();
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, [writing, stop]);

  return { stop: writing === undefined ? undefined : stop, error: action.error };
}
