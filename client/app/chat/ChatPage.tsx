/** Page of a chat: header, conversation and composer. */

import { useRef, useState } from "react";
import type { Assistant } from "../documents.ts";
import { useSession } from "../session/session.ts";
import { ErrorPage } from "../ui/ErrorPage.tsx";
import { errorMessage } from "../ui/errors.ts";
import { ChatHeader } from "./ChatHeader.tsx";
import { Composer } from "./Composer.tsx";
import { Conversation } from "./Conversation.tsx";
import { outboxOf, useOutboxMessages } from "./outbox.ts";
import { useChat } from "./useChat.ts";
import { useMarkRead } from "./useMarkRead.ts";
import { usePrinting } from "./usePrinting.ts";
import { useRestoreFocus } from "./useRestoreFocus.ts";
import { useStop } from "./useStop.ts";

const PLACEHOLDERS: Readonly<Record<Assistant, string>> = {
  ALWAYS: "Write a message",
  WHEN_ASKED: "Write a message, or ask @assistant",
  NONE: "Write a message",
};

interface Props {
  readonly id: string;
  readonly viewerId: string;
  /** Unread messages when the chat was opened. */
  readonly unreadCount: number;
  /** Called if messages arrived that the user cannot see, because the tab is in the background. */
  readonly onUnread: () => void;
}

export function ChatPage({ id, viewerId, unreadCount, onUnread }: Props) {
  const outbox = outboxOf(useSession());
  const unsent = useOutboxMessages(outbox, id);
  const { chat, error, retry, loadOlder, loadAll, hasOlder } = useChat(id);
  const print = usePrinting(hasOlder, loadAll);
  const page = useRef<HTMLDivElement>(null);
  const [unreadAtStart] = useState(unreadCount);
  useMarkRead(id, viewerId, onUnread);
  const { stop, error: stopError } = useStop(id);
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
      <ChatHeader chat={chat} viewerId={viewerId} print={print} />
      <Conversation
        chat={chat}
        viewerId={viewerId}
        unread={unreadAtStart}
        unsent={unsent}
        loadOlder={loadOlder}
        loadUntil={loadAll}
        hasOlder={hasOlder}
      />
      {stopError && (
        <p className="error" role="alert">
          {stopError}
        </p>
      )}
      <Composer
        draftKey={id}
        placeholder={PLACEHOLDERS[chat.assistant]}
        onSend={(content) => outbox.send(id, content)}
        onEditLast={editLast}
        onStop={stop}
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
