/** The messages of a chat, oldest first; older ones are loaded as the reader nears them. */

import { startTransition, useEffect, useRef, useState } from "react";
import { Icon } from "../ui/Icon.tsx";
import type { Action } from "../ui/useAction.ts";
import { Announcer } from "./Announcer.tsx";
import { Bubble } from "./Bubble.tsx";
import type { Pending } from "./outbox.ts";
import { PendingMessage } from "./PendingMessage.tsx";
import type { ChatOnPage } from "./useChat.ts";
import { useReadingPlace } from "./useScrollAnchor.ts";

interface Props {
  readonly chat: ChatOnPage;
  readonly viewerId: string;
  readonly pending: readonly Pending[];
  readonly older: Action<[]>;
  readonly hasOlder: boolean;
}

const FIRST = 12; // rows: they fill most screens
const AHEAD = "800px 0px 0px"; // loaded before the reader gets there

export function Conversation({ chat, viewerId, pending, older, hasOlder }: Props) {
  const { scroller, content, isAtNewest, goToNewest } = useReadingPlace();
  const isWhole = useIsWhole();
  const rows = isWhole ? chat.messages.edges : chat.messages.edges.slice(-FIRST);

  // One's own message is what one wants to see, wherever one was reading.
  const written = pending.length;
  const lastWritten = useRef(written);
  useEffect(() => {
    if (written > lastWritten.current) goToNewest();
    lastWritten.current = written;
  }, [written, goToNewest]);

  return (
    <div className="conversation">
      <section ref={scroller} className="scroller" aria-label="Conversation">
        <div ref={content} className="rows">
          {isWhole && hasOlder && <OlderMessages older={older} />}
          <Announcer>
            {rows.map(({ node }, index) => {
              const next = rows[index + 1]?.node;
              const replyId = next?.role === "ASSISTANT" ? next.id : undefined;
              return <Bubble key={node.id} message={node} viewerId={viewerId} replyId={replyId} />;
            })}
          </Announcer>
          {pending.map((one) => (
            <PendingMessage key={one.key} chatId={chat.id} pending={one} />
          ))}
          {rows.length === 0 && written === 0 && <p className="empty">Nothing here yet. Write the first message.</p>}
        </div>
      </section>
      {!isAtNewest && (
        <button type="button" className="to-newest" onClick={() => goToNewest("smooth")}>
          <Icon name="down" />
          Newest
        </button>
      )}
    </div>
  );
}

/** False until the first messages have been painted. */
function useIsWhole(): boolean {
  const [isWhole, setIsWhole] = useState(false);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const frame = requestAnimationFrame(() => {
      timer = setTimeout(() => startTransition(() => setIsWhole(true)));
    });
    return () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
    };
  }, []);
  return isWhole;
}

function OlderMessages({ older }: { older: Action<[]> }) {
  const mark = useRef<HTMLDivElement>(null);
  const { run, isRunning, problem } = older;
  useEffect(() => {
    const target = mark.current;
    if (target === null || isRunning || problem !== undefined) return;
    const nearing = new IntersectionObserver(([entry]) => entry?.isIntersecting && void run(), {
      root: target.closest(".scroller"),
      rootMargin: AHEAD,
    });
    nearing.observe(target);
    return () => nearing.disconnect();
  }, [run, isRunning, problem]);
  return (
    <div ref={mark} className="older">
      {problem === undefined ? (
        <span role="status">Loading older messages…</span>
      ) : (
        <>
          <span role="alert">{problem}</span>
          <button type="button" onClick={() => run()}>
            Try again
          </button>
        </>
      )}
    </div>
  );
}
