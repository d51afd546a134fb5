/** Button that deletes a message. The user can undo this for ten seconds. */

import { useSession } from "../session/session.ts";
import { ActionButton } from "../ui/Menu.tsx";
import { deletionsOf, type MessageKind } from "./deletions.ts";

export function DeleteMessage({ id, chatId, kind }: { id: string; chatId: string; kind: MessageKind }) {
  const deletions = deletionsOf(useSession());
  return <ActionButton icon="delete" label={`Delete ${kind}`} onClick={() => deletions.add({ id, chatId, kind })} />;
}
