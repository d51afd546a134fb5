/** A chat's title, which can be changed, and who takes part. */

import { type FormEvent, useState } from "react";
import { DeleteChatDocument, RemoveParticipantDocument, RenameChatDocument } from "../documents.ts";
import { useSession } from "../session/session.ts";
import { Avatar } from "../ui/Avatar.tsx";
import { Confirm } from "../ui/ConfirmDialog.tsx";
import { Icon } from "../ui/Icon.tsx";
import { goTo } from "../ui/router.ts";
import { useAction } from "../ui/useAction.ts";
import { ShareDialog } from "./ShareDialog.tsx";
import type { ChatOnPage } from "./useChat.ts";

interface Props {
  readonly chat: ChatOnPage;
  readonly viewerId: string;
}

export function ChatHead({ chat, viewerId }: Props) {
  const [isSharing, setIsSharing] = useState(false);
  const [isParting, setIsParting] = useState(false);
  const others = chat.participants.length - 1;
  const isOwner = chat.owner.id === viewerId;
  return (
    <header className="chat-head">
      <Title chat={chat} />
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
        onClick={() => setIsParting(true)}
        aria-label={isOwner ? "Delete chat" : "Leave chat"}
        title={isOwner ? "Delete chat" : "Leave chat"}
      >
        <Icon name={isOwner ? "delete" : "leave"} />
      </button>
      {isSharing && <ShareDialog chat={chat} viewerId={viewerId} onClose={() => setIsSharing(false)} />}
      {isParting && <Part chat={chat} viewerId={viewerId} onClose={() => setIsParting(false)} />}
    </header>
  );
}

function Title({ chat }: { chat: ChatOnPage }) {
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
        aria-invalid={rename.problem !== undefined}
        dir="auto"
        // biome-ignore lint/a11y/noAutofocus: it appears because the title was pressed
        autoFocus
      />
      {rename.problem && (
        <small className="error" role="alert">
          {rename.problem}
        </small>
      )}
    </form>
  );
}

/** The owner deletes; anybody else leaves. */
function Part({ chat, viewerId, onClose }: Props & { onClose: () => void }) {
  const { client } = useSession();
  const isOwner = chat.owner.id === viewerId;
  const act = async () => {
    const chatId = chat.id;
    if (isOwner) await client.mutate({ mutation: DeleteChatDocument, variables: { input: { chatId } } });
    else
      await client.mutate({ mutation: RemoveParticipantDocument, variables: { input: { chatId, userId: viewerId } } });
    goTo();
  };
  return (
    <Confirm
      title={isOwner ? "Delete this chat?" : "Leave this chat?"}
      explanation={
        isOwner
          ? "All its messages go with it, for everybody who takes part. This cannot be undone."
          : "You will not see it any more, unless somebody lets you in again."
      }
      verb={isOwner ? "Delete" : "Leave"}
      act={act}
      onClose={onClose}
    />
  );
}
