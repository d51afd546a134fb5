/** The messages of a chat, oldest first. Loads older ones when the user scrolls near the top. */

import { startTransition, useEffect, useRef, useState } from "react";
import { Icon } from "../ui/Icon.tsx";
import type { Action } from "../ui/useAction.ts";
import { Announcer } from "./Announcer.tsx";
import { Bubble } from "./Bubble.tsx";
import type { OutboxMessage } from "./outbox.ts";
import { PendingMessage } from "./PendingMessage.tsx";
import type { LoadedChat } from "./useChat.ts";
import { useScrollAnchor } from "./useScrollAnchor.ts";

interface Props {
  readonly chat: LoadedChat;
  readonly viewerId: string;
  readonly unsent: readonly OutboxMessage[];
  readonly loadOlder: Action<[]>;
  readonly hasOlder: boolean;
}

const FIRST_PAINT_ROWS = 12; // they fill most screens
const LOAD_AHEAD = "800px 0px 0px"; // loads before the user reaches the top

export function Conversation({ chat, viewerId, unsent, loadOlder, hasOlder }: Props) {
  const { scroller, content, isAtBottom, scrollToBottom } = useScrollAnchor();
  const isPainted = useIsPainted();
  const rows = isPainted ? chat.messages.edges : chat.messages.edges.slice(-FIRST_PAINT_ROWS);

  // Sending a message scrolls to it, wherever the user was reading.
  const count = unsent.length;
  const lastCount = useRef(count);
  useEffect(() => {
    if (count > lastCount.current) scrollToBottom();
    lastCount.current = count;
  }, [count, scrollToBottom]);

  return (
    <div className="conversation">
      <section ref={scroller} className="scroller" aria-label="Conversation">
        <div className="slide">
          <div ref={content} className="rows">
            {isPainted && hasOlder && <OlderMessages loadOlder={loadOlder} />}
            <Announcer>
              {rows.map(({ node }, index) => {
                const next = rows[index + 1]?.node;
                const replyId = next?.role === "ASSISTANT" ? next.id : undefined;
                return <Bubble key={node.id} message={node} viewerId={viewerId} replyId={replyId} />;
              })}
            </Announcer>
            {unsent.map((message) => (
              <PendingMessage key={message.key} chatId={chat.id} message={message} />
            ))}
            {rows.length === 0 && count === 0 && <p className="empty">Nothing here yet. Write the first message.</p>}
          </div>
        </div>
      </section>
      {!isAtBottom && (
        <button type="button" className="to-bottom" onClick={() => scrollToBottom("smooth")}>
          <Icon name="down" />
          Jump to newest
        </button>
      )}
    </div>
  );
}

/** False until the last messages have been painted. Only then are the others rendered, so that the chat opens fast. */
function useIsPainted(): boolean {
  const [isPainted, setIsPainted] = useState(false);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const frame = requestAnimationFrame(() => {
      timer = setTimeout(() => startTransition(() => setIsPainted(true)));
    });
    return () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
    };
  }, []);
  return isPainted;
}

function OlderMessages({ loadOlder }: { loadOlder: Action<[]> }) {
  const top = useRef<HTMLDivElement>(null);
  const { run, isRunning, error } = loadOlder;
  useEffect(() => {
    const target = top.current;
    if (target === null || isRunning || error !== undefined) return;
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && void run(), {
      root: target.closest(".scroller"),
      rootMargin: LOAD_AHEAD,
    });
    observer.observe(target);
    return () => observer.disconnect();
  }, [run, isRunning, error]);
  return (
    <div ref={top} className="older">
      {error === undefined ? (
        <span role="status">Loading older messages…</span>
      ) : (
        <>
          <span role="alert">{error}</span>
          <button type="button" onClick={() => run()}>
            Try again
          </button>
        </>
      )}
    </div>
  );
}
