/** State of an action that a button starts: whether it is running, and why it failed. */

import { useCallback, useEffect, useRef, useState } from "react";
import { errorMessage } from "./errors.ts";

export interface Action<Arguments extends unknown[]> {
  /** Resolves to true on success, false on failure. Never rejects. */
  readonly run: (...args: Arguments) => Promise<boolean>;
  readonly isRunning: boolean;
  /** Message of the last failure. */
  readonly error: string | undefined;
}

export function useAction<Arguments extends unknown[]>(
  action: (...args: Arguments) => Promise<unknown>,
): Action<Arguments> {
  const [state, setState] = useState<{ isRunning: boolean; error?: string }>({ isRunning: false });
  const latest = useRef(action);
  useEffect(() => {
    latest.current = action;
  });
  const run = useCallback(async (...args: Arguments) => {
    setState({ isRunning: true });
    try {
      await latest.current(...args);
      setState({ isRunning: false });
      return true;
    } catch (error) {
      setState({ isRunning: false, error: errorMessage(error) });
      return false;
    }
  }, []);
  return { run, isRunning: state.isRunning, error: state.error };
}
