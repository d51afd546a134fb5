/** Joins the chat of a participant link, and opens it. */

import { useEffect } from "react";
import { JoinChatDocument } from "../documents.ts";
import { useSession } from "../session/session.ts";
import { leaveLink } from "../ui/router.ts";
import { useAction } from "../ui/useAction.ts";
import { LinkEnded } from "./LinkEnded.tsx";

export function JoinPage({ token }: { token: string }) {
  const { client } = useSession();
  const { run, error } = useAction(async () => {
    const { data } = await client.mutate({ mutation: JoinChatDocument, variables: { input: { token } } });
    const chat = data?.joinChat.chat;
    if (chat) leaveLink(chat.id);
  });
  useEffect(() => void run(), [run]);
  if (error !== undefined) return <LinkEnded title="You could not join the chat">{error}</LinkEnded>;
  return (
    <main className="link-ended" aria-busy="true">
      <p role="status">Joining the chat…</p>
    </main>
  );
}
