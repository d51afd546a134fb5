/** A user's message: the viewer's own on the right, others on the left with the author's name. */

import { useState } from "react";
import type { BubbleFragment } from "../documents.ts";
import { Avatar } from "../ui/Avatar.tsx";
import { CopyButton } from "../ui/CopyButton.tsx";
import { formatDateTime, formatTime } from "../ui/dates.ts";
import { ActionButton } from "../ui/Menu.tsx";
import { DeleteMessage } from "./DeleteMessage.tsx";
import { EditMessage } from "./EditMessage.tsx";
import { MessageActions } from "./MessageActions.tsx";
import { PersonText } from "./PersonText.tsx";

interface Props {
  readonly message: BubbleFragment;
  readonly isOwn: boolean;
  readonly replyId: string | undefined;
}

export function PersonMessage({ message, isOwn, replyId }: Props) {
  const [isEditing, setIsEditing] = useState(false);
  const { id, chatId, status, content, author, createdAt, editedAt } = message;
  const name = author?.name ?? "Unknown user";
  return (
    <article
      className={isOwn ? "own" : "other"}
      data-message-id={id}
      data-status={status}
      data-byline={`${name}, ${formatDateTime(createdAt)}`}
      aria-label={`${isOwn ? "You" : name}, ${formatTime(createdAt)}`}
    >
      {!isOwn && (
        <header>
          <Avatar name={name} />
          {name}
        </header>
      )}
      {isEditing ? (
        <EditMessage message={message} replyId={replyId} onClose={() => setIsEditing(false)} />
      ) : (
        <>
          <PersonText>{content}</PersonText>
          <MessageActions
            note={
              <time dateTime={createdAt} title={formatDateTime(createdAt)}>
                {formatTime(createdAt)}
              </time>
            }
          >
            <CopyButton text={content} label="Copy message" />
            {isOwn && (
              <ActionButton icon="edit" label="Edit message" onClick={() => setIsEditing(true)} action="edit" />
            )}
            {isOwn && <DeleteMessage id={id} chatId={chatId} kind="message" />}
          </MessageActions>
          {editedAt && (
            <footer>
              <time className="edited" dateTime={editedAt} title={formatDateTime(editedAt)}>
                edited {formatTime(editedAt)}
              </time>
            </footer>
          )}
        </>
      )}
    </article>
  );
}
