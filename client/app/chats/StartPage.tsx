/** Start page: creates a chat with its first message. The server derives the chat's title from that message. */

import { Composer } from "../chat/Composer.tsx";
import { outboxOf } from "../chat/outbox.ts";
import { chatQuery, PAGE_SIZE } from "../chat/queries.ts";
import { CreateChatDocument } from "../documents.ts";
import { useSession } from "../session/session.ts";
import { showHowItWorks } from "../ui/howItWorks.ts";
import { navigate } from "../ui/router.ts";
import { useAction } from "../ui/useAction.ts";

const SUGGESTIONS = [
  "Explain how a rainbow forms",
  "Plan a weekend in a city I have never been to",
  "Write a haiku about rain, and a limerick about haikus",
];

export function StartPage({ name }: { name: string }) {
  const session = useSession();
  const start = useAction(async (content: string) => {
    const { data } = await session.client.mutate({
      mutation: CreateChatDocument,
      variables: { input: {}, last: PAGE_SIZE },
      // Fills the cache for the chat's page, which then needs no query of its own.
      update: (cache, { data }) => {
        const chat = data?.createChat.chat;
        if (chat) cache.writeQuery({ ...chatQuery(chat.id), data: { chat } });
      },
    });
    const chat = data?.createChat.chat;
    if (!chat) return;
    outboxOf(session).send(chat.id, content);
    navigate(chat.id);
  });
  return (
    <div className="start">
      <h1>
        Good {timeOfDay()}, {name}
      </h1>
      <Composer draftKey="new" placeholder="What is on your mind?" onSend={start.run} isBusy={start.isRunning} />
      {start.error && (
        <p className="error" role="alert">
          {start.error}
        </p>
      )}
      <ul aria-label="Suggestions">
        {SUGGESTIONS.map((suggestion) => (
          <li key={suggestion}>
            <button type="button" onClick={() => start.run(suggestion)} disabled={start.isRunning}>
              {suggestion}
            </button>
          </li>
        ))}
      </ul>
      <button type="button" className="link how" onClick={() => showHowItWorks(true)}>
        How this works
      </button>
    </div>
  );
}

function timeOfDay(hour = new Date().getHours()): string {
  if (hour < 5 || hour >= 18) return "evening";
  return hour < 12 ? "morning" : "afternoon";
}
