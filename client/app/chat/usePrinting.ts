/** Prints a whole chat, although its page has loaded only the newest messages. */

import { useEffect, useState } from "react";
import { allTypeset } from "../markdown/typesetting.ts";
import { type Action, useAction } from "../ui/useAction.ts";

/** Returns an action that loads all messages, then prints. Ctrl+P runs it too, while messages are missing on the page. */
export function usePrinting(hasOlder: boolean, loadAll: () => Promise<void>): Action<[]> {
  const [isWanted, setIsWanted] = useState(false);
  const print = useAction(async () => {
    await loadAll();
    setIsWanted(true);
  });
  const { run } = print;

  // What was loaded is rendered a moment later, and its formulas are typeset after that.
  useEffect(() => {
    if (!isWanted || hasOlder) return;
    setIsWanted(false);
    void allTypeset().then(() => window.print());
  }, [isWanted, hasOlder]);

  useEffect(() => {
    if (!hasOlder) return; // the browser prints the page as it is
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "p" || !(event.metaKey || event.ctrlKey) || event.shiftKey || event.altKey)
        return;
      event.preventDefault();
      void run();
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, [hasOlder, run]);
  return print;
}
