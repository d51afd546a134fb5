/** The shared chat, as a guest reads it: no list of chats, no composer, and no buttons that change anything. */

import { useQuery } from "@apollo/client/react";
import { Conversation } from "../chat/Conversation.tsx";
import { useChat } from "../chat/useChat.ts";
import { usePrinting } from "../chat/usePrinting.ts";
import { SharedDocument, type SharedQuery } from "../documents.ts";
import { ConnectionBanner } from "../ui/ConnectionBanner.tsx";
import { errorMessage } from "../ui/errors.ts";
import { LinkEnded } from "./LinkEnded.tsx";

export function GuestPage() {
  const { data, error } = useQuery(SharedDocument);
  if (data?.shared) return <SharedChat id={data.shared.id} sharedBy={data.sharedBy} />;
  if (error) return <LinkEnded title="This chat could not be loaded">{errorMessage(error)}</LinkEnded>;
  return data ? <ChatGone /> : null;
}

interface Props {
  readonly id: string;
  readonly sharedBy: SharedQuery["sharedBy"];
}

function SharedChat({ id, sharedBy }: Props) {
  const { chat, error, loadOlder, loadAll, hasOlder } = useChat(id);
  usePrinting(hasOlder, loadAll);
  if (chat === null) return <ChatGone />;
  if (chat === undefined)
    return error ? <LinkEnded title="This chat could not be loaded">{errorMessage(error)}</LinkEnded> : null;
  return (
    <main className="guest">
      <ConnectionBanner />
      <div className="chat">
        <header className="chat-header">
          <h1 dir="auto">{chat.title || "New chat"}</h1>
          {sharedBy && <small>Shared by {sharedBy.name}</small>}
          <a className="button" href="/">
            Open Twotrack
          </a>
        </header>
        <Conversation
          chat={chat}
          viewerId={undefined}
          unread={0}
          unsent={[]}
          loadOlder={loadOlder}
          loadUntil={loadAll}
          hasOlder={hasOlder}
        />
        <p className="guest-note">You are reading along. Only participants can write.</p>
      </div>
    </main>
  );
}

function ChatGone() {
  return <LinkEnded title="This chat is no longer shared">It was deleted, or the link was revoked.</LinkEnded>;
}
