/** Something that a button does: whether it is being done, and what went wrong. */

import { useCallback, useEffect, useRef, useState } from "react";
import { inWords } from "./errors.ts";

export interface Action<Arguments extends unknown[]> {
  /** Resolves to whether it succeeded. */
  readonly run: (...args: Arguments) => Promise<boolean>;
  readonly isRunning: boolean;
  readonly problem: string | undefined;
}

export function useAction<Arguments extends unknown[]>(
  act: (...args: Arguments) => Promise<unknown>,
): Action<Arguments> {
  const [state, setState] = useState<{ isRunning: boolean; problem?: string }>({ isRunning: false });
  const latest = useRef(act);
  useEffect(() => {
    latest.current = act;
  });
  const run = useCallback(async (...args: Arguments) => {
    setState({ isRunning: true });
    try {
      await latest.current(...args);
      setState({ isRunning: false });
      return true;
    } catch (error) {
      setState({ isRunning: false, problem: inWords(error) });
      return false;
    }
  }, []);
  return { run, isRunning: state.isRunning, problem: state.problem };
}
