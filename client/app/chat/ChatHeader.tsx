/** Header of a chat: the title, the participants, and buttons to share, delete or leave it. */

import { type FormEvent, lazy, Suspense, useState } from "react";
import { DeleteChatDocument, RemoveParticipantDocument, RenameChatDocument } from "../documents.ts";
import { useSession } from "../session/session.ts";
import { Avatar } from "../ui/Avatar.tsx";
import { ConfirmDialog } from "../ui/ConfirmDialog.tsx";
import { Icon } from "../ui/Icon.tsx";
import { navigate } from "../ui/router.ts";
import { useAction } from "../ui/useAction.ts";
import { AssistantMode } from "./AssistantMode.tsx";
import type { LoadedChat } from "./useChat.ts";

// Loaded when it opens.
const ShareDialog = lazy(async () => ({ default: (await import("./ShareDialog.tsx")).ShareDialog }));

interface Props {
  readonly chat: LoadedChat;
  readonly viewerId: string;
}

export function ChatHeader({ chat, viewerId }: Props) {
  const [isSharing, setIsSharing] = useState(false);
  const [isLeaving, setIsLeaving] = useState(false);
  const others = chat.participants.length - 1;
  const isOwner = chat.owner.id === viewerId;
  return (
    <header className="chat-header">
      <Title chat={chat} />
      <AssistantMode chat={chat} />
      <button
        type="button"
        className="share"
        onClick={() => setIsSharing(true)}
        aria-label={others === 0 ? "Share" : `Share: ${chat.participants.length} participants`}
      >
        {others > 0 ? (
          <span className="avatars">
            {chat.participants.slice(0, 3).map(({ id, name }) => (
              <Avatar key={id} name={name} />
            ))}
            {chat.participants.length > 3 && <small>+{chat.participants.length - 3}</small>}
          </span>
        ) : (
          <Icon name="people" />
        )}
        <span className="wide">Share</span>
      </button>
      <button
        type="button"
        className="quiet"
        onClick={() => setIsLeaving(true)}
        aria-label={isOwner ? "Delete chat" : "Leave chat"}
        title={isOwner ? "Delete chat" : "Leave chat"}
      >
        <Icon name={isOwner ? "delete" : "leave"} />
      </button>
      {isSharing && (
        <Suspense>
          <ShareDialog chat={chat} viewerId={viewerId} onClose={() => setIsSharing(false)} />
        </Suspense>
      )}
      {isLeaving && <LeaveDialog chat={chat} viewerId={viewerId} onClose={() => setIsLeaving(false)} />}
    </header>
  );
}

function Title({ chat }: { chat: LoadedChat }) {
  const { client } = useSession();
  const [draft, setDraft] = useState<string>();
  const rename = useAction(async (title: string) => {
    if (title && title !== chat.title)
      await client.mutate({ mutation: RenameChatDocument, variables: { input: { chatId: chat.id, title } } });
    setDraft(undefined);
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!rename.isRunning) void rename.run(draft?.trim() ?? "");
  };
  if (draft === undefined)
    return (
      <h1>
        <button type="button" className="title" onClick={() => setDraft(chat.title)} title="Rename" dir="auto">
          {chat.title || "New chat"}
        </button>
      </h1>
    );
  return (
    <form className="rename" onSubmit={submit}>
      <h1 className="hidden">{chat.title || "New chat"}</h1>
      <input
        value={draft}
        onChange={(event) => setDraft(event.target.value)}
        onBlur={submit}
        onKeyDown={(event) => event.key === "Escape" && setDraft(undefined)}
        maxLength={200}
        aria-label="Title"
        aria-invalid={rename.error !== undefined}
        dir="auto"
        // biome-ignore lint/a11y/noAutofocus: it appears because the title was pressed
        autoFocus
      />
      {rename.error && (
        <small className="error" role="alert">
          {rename.error}
        </small>
      )}
    </form>
  );
}

/** Asks before the owner deletes the chat, or another participant leaves it. */
function LeaveDialog({ chat, viewerId, onClose }: Props & { onClose: () => void }) {
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
