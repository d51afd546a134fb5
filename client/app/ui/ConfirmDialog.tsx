/** Asks before something is done that cannot be undone. */

import { Dialog } from "./Dialog.tsx";
import { useAction } from "./useAction.ts";

interface Props {
  readonly title: string;
  readonly explanation: string;
  readonly verb: string;
  readonly act: () => Promise<unknown>;
  readonly onClose: () => void;
}

export function Confirm({ title, explanation, verb, act, onClose }: Props) {
  const action = useAction(async () => {
    await act();
    onClose();
  });
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{explanation}</p>
      {action.problem && (
        <p className="error" role="alert">
          {action.problem}
        </p>
      )}
      <footer>
        <button type="button" onClick={onClose}>
          Cancel
        </button>
        <button type="button" className="danger" onClick={() => action.run()} disabled={action.isRunning}>
          {verb}
        </button>
      </footer>
    </Dialog>
  );
}
