/** Button that deletes a message. The user can undo this for ten seconds. */

import { useSession } from "../session/session.ts";
import { Icon } from "../ui/Icon.tsx";
import { deletionsOf, type MessageKind } from "./deletions.ts";

export function DeleteMessage({ id, chatId, kind }: { id: string; chatId: string; kind: MessageKind }) {
  const deletions = deletionsOf(useSession());
  return (
    <button
      type="button"
      className="quiet"
      onClick={() => deletions.add({ id, chatId, kind })}
      aria-label={`Delete ${kind}`}
      title={`Delete ${kind}`}
    >
      <Icon name="delete" />
    </button>
  );
}
