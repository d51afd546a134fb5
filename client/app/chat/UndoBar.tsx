/** Says that a message was deleted, with a button that brings it back. */

import { useSession } from "../session/session.ts";
import { Icon } from "../ui/Icon.tsx";
import { type Deletion, deletionsOf } from "./deletions.ts";

export function UndoBar({ deletions }: { deletions: readonly Deletion[] }) {
  const store = deletionsOf(useSession());
  const last = deletions.at(-1);
  if (last === undefined) return null;
  const { id, kind, error } = last;
  return (
    <div className="undo" role={error === undefined ? "status" : "alert"}>
      <span>{error ?? (kind === "reply" ? "Reply deleted." : "Message deleted.")}</span>
      <button type="button" onClick={() => store.undo(id)}>
        {error === undefined && <Icon name="undo" />}
        {error === undefined ? "Undo" : "Close"}
      </button>
    </div>
  );
}
