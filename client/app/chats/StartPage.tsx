/** The first page: the first message makes the chat, which the server names after it. */

import { Composer } from "../chat/Composer.tsx";
import { outboxOf } from "../chat/outbox.ts";
import { ChatDocument, CreateChatDocument } from "../documents.ts";
import { useSession } from "../session/session.ts";
import { goTo } from "../ui/router.ts";
import { useAction } from "../ui/useAction.ts";
import { PAGE } from "./queries.ts";

const IDEAS = [
  "Explain how a rainbow comes to be",
  "Plan a weekend in a city I have never been to",
  "Write a haiku about rain, and a limerick about haikus",
];

export function StartPage({ name }: { name: string }) {
  const session = useSession();
  const start = useAction(async (content: string) => {
    const { data } = await session.client.mutate({
      mutation: CreateChatDocument,
      variables: { input: {}, last: PAGE },
      // Its page needs nothing more from the server.
      update: (cache, { data }) => {
        const chat = data?.createChat.chat;
        if (chat) cache.writeQuery({ query: ChatDocument, variables: { id: chat.id, last: PAGE }, data: { chat } });
      },
    });
    const chat = data?.createChat.chat;
    if (!chat) return;
    outboxOf(session).send(chat.id, content);
    goTo(chat.id);
  });
  return (
    <div className="start">
      <h1>
        Good {daytime()}, {name}
      </h1>
      <Composer draftKey="new" placeholder="What is on your mind?" onSend={start.run} isBusy={start.isRunning} />
      {start.problem && (
        <p className="error" role="alert">
          {start.problem}
        </p>
      )}
      <ul aria-label="Ideas">
        {IDEAS.map((idea) => (
          <li key={idea}>
            <button type="button" onClick={() => start.run(idea)} disabled={start.isRunning}>
              {idea}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

function daytime(hour = new Date().getHours()): string {
  return hour < 5 ? "night" : hour < 12 ? "morning" : hour < 18 ? "afternoon" : "evening";
}
