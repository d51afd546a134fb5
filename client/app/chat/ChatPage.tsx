/** One chat: its head, its messages, and where one writes. */

import { useRef } from "react";
import { useSession } from "../session/session.ts";
import { Problem } from "../ui/ErrorPage.tsx";
import { inWords } from "../ui/errors.ts";
import { ChatHead } from "./ChatHeader.tsx";
import { Composer } from "./Composer.tsx";
import { Conversation } from "./Conversation.tsx";
import { outboxOf, usePending } from "./outbox.ts";
import { useChat } from "./useChat.ts";
import { type OnLook, useLooking } from "./useMarkRead.ts";
import { useKeptFocus } from "./useRestoreFocus.ts";

interface Props {
  readonly id: string;
  readonly viewerId: string;
  readonly onLook: OnLook;
}

export function ChatPage({ id, viewerId, onLook }: Props) {
  const outbox = outboxOf(useSession());
  const pending = usePending(outbox, id);
  const { chat, error, retry, older, hasOlder } = useChat(id);
  const page = useRef<HTMLDivElement>(null);
  useLooking(chat, onLook);
  useKeptFocus(page, chat != null);

  if (chat === null)
    return (
      <Problem title="This chat is not here">
        It may have been deleted, or you are not one of its participants any more.
      </Problem>
    );
  if (chat === undefined)
    return error ? (
      <Problem title="This chat could not be loaded" onRetry={() => void retry().catch(() => {})}>
        {inWords(error)}
      </Problem>
    ) : (
      <Loading />
    );

  const editLast = () => {
    const edits = page.current?.querySelectorAll<HTMLButtonElement>("[data-action=edit]");
    if (edits?.length) edits[edits.length - 1]?.click();
  };

  return (
    <div className="chat" ref={page}>
      <ChatHead chat={chat} viewerId={viewerId} />
      <Conversation chat={chat} viewerId={viewerId} pending={pending} older={older} hasOlder={hasOlder} />
      <Composer
        draftKey={id}
        placeholder="Write a message"
        onSend={(content) => outbox.send(id, content)}
        onEditLast={editLast}
      />
    </div>
  );
}

/** Appears only if it takes a while. */
function Loading() {
  return (
    <div className="chat loading" aria-busy="true">
      <p role="status">Loading…</p>
    </div>
  );
}
