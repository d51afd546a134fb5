/** The messages of a chat, oldest first. Loads older ones when the user scrolls near the top. */

import { startTransition, useEffect, useRef, useState } from "react";
import { useSession } from "../session/session.ts";
import { showHowItWorks } from "../ui/howItWorks.ts";
import { Icon } from "../ui/Icon.tsx";
import type { Action } from "../ui/useAction.ts";
import { Announcer } from "./Announcer.tsx";
import { type Deletion, deletionsOf, useDeletions } from "./deletions.ts";
import { MessageRows } from "./MessageRows.tsx";
import type { OutboxMessage } from "./outbox.ts";
import { PendingMessage } from "./PendingMessage.tsx";
import { useTurns } from "./turns.ts";
import { UndoBar } from "./UndoBar.tsx";
import type { LoadedChat } from "./useChat.ts";
import { useHasKeptPlace, useKeptPlace } from "./useKeptPlace.ts";
import { useOpenedMessage } from "./useOpenedMessage.ts";
import { useScrollAnchor } from "./useScrollAnchor.ts";

interface Props {
  readonly chat: LoadedChat;
  /** Undefined for a guest, who only reads. */
  readonly viewerId: string | undefined;
  /** Unread messages when the chat was opened. */
  readonly unread: number;
  readonly unsent: readonly OutboxMessage[];
  readonly loadOlder: Action<[]>;
  /** Loads older messages down to this one. */
  readonly loadUntil: (messageId: string) => Promise<void>;
  readonly hasOlder: boolean;
}

const FIRST_PAINT_ROWS = 12; // they fill most screens
const LOAD_AHEAD = "800px 0px 0px"; // loads before the user reaches the top

export function Conversation({ chat, viewerId, unread, unsent, loadOlder, loadUntil, hasOlder }: Props) {
  const anchor = useScrollAnchor();
  const { scroller, content, isAtBottom, scrollToBottom, scrollTo } = anchor;
  const isPainted = useIsPainted(useHasKeptPlace());
  useOpenedMessage(content, isPainted, scrollTo, loadUntil);
  useKeptPlace(anchor, isPainted, loadUntil);
  const deletions = useDeletions(deletionsOf(useSession()), chat.id);
  const shown = chat.messages.edges.filter(({ node }) => !isHidden(deletions, node.id));
  const firstNew = useFirstNew(chat.id, viewerId, unread);
  const missed = useMissed(chat.id, viewerId, isAtBottom);

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
        <div className="stretch">
          <div ref={content} className="rows">
            {isPainted && hasOlder && <OlderMessages loadOlder={loadOlder} />}
            <Announcer>
              <MessageRows
                edges={shown}
                most={isPainted ? Number.POSITIVE_INFINITY : FIRST_PAINT_ROWS}
                viewerId={viewerId}
                firstNew={firstNew}
                hasUnsent={count > 0}
              />
            </Announcer>
            {unsent.map((message) => (
              <PendingMessage key={message.key} chatId={chat.id} message={message} />
            ))}
            {shown.length === 0 && count === 0 && (
              <div className="empty">
                <p>Nothing here yet.{viewerId !== undefined && " Write the first message."}</p>
                {viewerId !== undefined && (
                  <button type="button" className="link" onClick={() => showHowItWorks(true)}>
                    How this works
                  </button>
                )}
              </div>
            )}
          </div>
        </div>
      </section>
      {!isAtBottom && (
        <button type="button" className="to-bottom" onClick={() => scrollToBottom("smooth")}>
          <Icon name="down" />
          Jump to newest
          {missed > 0 && <span className="count">{missed}</span>}
        </button>
      )}
      <UndoBar deletions={deletions} />
    </div>
  );
}

/** A message whose deletion has failed is shown again. */
function isHidden(deletions: readonly Deletion[], message: string): boolean {
  return deletions.some(({ id, error }) => id === message && error === undefined);
}

/** ID of the first message that was unread when the chat was opened. */
function useFirstNew(chatId: string, viewerId: string | undefined, unread: number): string | undefined {
  const turns = useTurns(chatId);
  const [first] = useState(() =>
    unread === 0
      ? undefined
      : turns.filter(({ streaming, author }) => !streaming && author !== viewerId).at(-unread)?.id,
  );
  return first;
}

/** Messages of others that have arrived since the user scrolled up. */
function useMissed(chatId: string, viewerId: string | undefined, isAtBottom: boolean): number {
  const turns = useTurns(chatId);
  const last = useRef<string>(undefined);
  useEffect(() => {
    if (isAtBottom) last.current = turns.at(-1)?.id;
  });
  const place = turns.findIndex(({ id }) => id === last.current);
  return isAtBottom ? 0 : turns.slice(place + 1).filter(({ author }) => author !== viewerId).length;
}

/** False until the last messages have been painted. Only then are the others rendered, so that the chat opens fast. */
function useIsPainted(isPaintedAtOnce: boolean): boolean {
  const [isPainted, setIsPainted] = useState(isPaintedAtOnce);
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
