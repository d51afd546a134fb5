/** What came of an action: nothing before it has ended, then a sentence, or its error. */

import { useEffect, useRef, useState } from "react";
import type { Action } from "../ui/useAction.ts";

interface Props {
  readonly action: Pick<Action<never[]>, "isRunning" | "error">;
  readonly done: string;
}

export function Outcome({ action: { isRunning, error }, done }: Props) {
  const [hasEnded, setHasEnded] = useState(false);
  const wasRunning = useRef(false);
  useEffect(() => {
    if (wasRunning.current && !isRunning) setHasEnded(true);
    wasRunning.current = isRunning;
  }, [isRunning]);
  if (error !== undefined && !isRunning)
    return (
      <p className="error" role="alert">
        {error}
      </p>
    );
  return (
    <p className="aside" role="status">
      {hasEnded && !isRunning ? done : ""}
    </p>
  );
}
