/** Asks before the owner deletes the chat, or another participant leaves it. */

import { DeleteChatDocument, RemoveParticipantDocument } from "../documents.ts";
import { useSession } from "../session/session.ts";
import { ConfirmDialog } from "../ui/ConfirmDialog.tsx";
import { navigate } from "../ui/router.ts";
import type { LoadedChat } from "./useChat.ts";

interface Props {
  readonly chat: LoadedChat;
  readonly viewerId: string;
  readonly onClose: () => void;
}

export function LeaveDialog({ chat, viewerId, onClose }: Props) {
  const { client } = useSession();
  const isOwner = chat.owner.id === viewerId;
  const leave = async () => {
    const chatId = chat.id;
    if (isOwner) await client.mutate({ mutation: DeleteChatDocument, variables: { input: { chatId } } });
    else
      await client.mutate({ mutation: RemoveParticipantDocument, variables: { input: { chatId, userId: viewerId } } });
    navigate();
  };
  return (
    <ConfirmDialog
      title={isOwner ? "Delete this chat?" : "Leave this chat?"}
      explanation={
        isOwner
          ? "All messages are deleted for all participants. This cannot be undone."
          : "You will not see this chat again unless a participant adds you."
      }
      confirmLabel={isOwner ? "Delete" : "Leave"}
      onConfirm={leave}
      onClose={onClose}
    />
  );
}
