/** Page of a chat: header, conversation and composer. */

import { useRef } from "react";
import { useSession } from "../session/session.ts";
import { ErrorPage } from "../ui/ErrorPage.tsx";
import { errorMessage } from "../ui/errors.ts";
import { ChatHeader } from "./ChatHeader.tsx";
import { Composer } from "./Composer.tsx";
import { Conversation } from "./Conversation.tsx";
import { outboxOf, useOutboxMessages } from "./outbox.ts";
import { useChat } from "./useChat.ts";
import { type MarkRead, useMarkRead } from "./useMarkRead.ts";
import { useRestoreFocus } from "./useRestoreFocus.ts";

interface Props {
  readonly id: string;
  readonly viewerId: string;
  readonly markRead: MarkRead;
}

export function ChatPage({ id, viewerId, markRead }: Props) {
  const outbox = outboxOf(useSession());
  const unsent = useOutboxMessages(outbox, id);
  const { chat, error, retry, loadOlder, hasOlder } = useChat(id);
  const page = useRef<HTMLDivElement>(null);
  useMarkRead(chat, markRead);
  useRestoreFocus(page, chat != null);

  if (chat === null)
    return (
      <ErrorPage title="Chat not found">
        It may have been deleted, or you are no longer one of its participants.
      </ErrorPage>
    );
  if (chat === undefined)
    return error ? (
      <ErrorPage title="This chat could not be loaded" onRetry={() => void retry().catch(() => {})}>
        {errorMessage(error)}
      </ErrorPage>
    ) : (
      <Loading />
    );

  const editLast = () => {
    const edits = page.current?.querySelectorAll<HTMLButtonElement>("[data-action=edit]");
    if (edits?.length) edits[edits.length - 1]?.click();
  };

  return (
    <div className="chat" ref={page}>
      <ChatHeader chat={chat} viewerId={viewerId} />
      <Conversation chat={chat} viewerId={viewerId} unsent={unsent} loadOlder={loadOlder} hasOlder={hasOlder} />
      <Composer
        draftKey={id}
        placeholder="Write a message"
        onSend={(content) => outbox.send(id, content)}
        onEditLast={editLast}
      />
    </div>
  );
}

/** Appears after a delay (chat.css), so that it does not flash while a chat loads quickly. */
function Loading() {
  return (
    <div className="chat loading" aria-busy="true">
      <p role="status">Loading…</p>
    </div>
  );
}
