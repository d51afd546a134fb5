/** Asks the user to confirm an action that cannot be undone. */

import { Dialog } from "./Dialog.tsx";
import { useAction } from "./useAction.ts";

interface Props {
  readonly title: string;
  readonly explanation: string;
  readonly confirmLabel: string;
  readonly onConfirm: () => Promise<unknown>;
  readonly onClose: () => void;
}

export function ConfirmDialog({ title, explanation, confirmLabel, onConfirm, onClose }: Props) {
  const confirm = useAction(async () => {
    await onConfirm();
    onClose();
  });
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{explanation}</p>
      {confirm.error && (
        <p className="error" role="alert">
          {confirm.error}
        </p>
      )}
      <footer>
        <button type="button" onClick={onClose}>
          Cancel
        </button>
        <button type="button" className="danger" onClick={() => confirm.run()} disabled={confirm.isRunning}>
          {confirmLabel}
        </button>
      </footer>
    </Dialog>
  );
}
