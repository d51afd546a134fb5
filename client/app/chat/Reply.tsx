/** What the assistant writes. */

import { useEffect, useMemo, useRef, useState } from "react";
import { type BubbleFragment, RegenerateDocument, StopDocument } from "../documents.ts";
import { Markdown } from "../markdown/Markdown.tsx";
import { useSession } from "../session/session.ts";
import { CopyButton } from "../ui/CopyButton.tsx";
import { clock, fullDate } from "../ui/errors.ts";
import { Icon } from "../ui/Icon.tsx";
import { type Action, useAction } from "../ui/useAction.ts";
import { LONGEST_SPOKEN, useAnnounce } from "./Announcer.tsx";
import { DeleteMessage } from "./DeleteMessage.tsx";
import { Reasoning } from "./Reasoning.tsx";
import { useInView } from "./usePreferVisible.ts";

export function Reply({ message }: { message: BubbleFragment }) {
  const { client } = useSession();
  const { id, content, reasoning, status, streaming, createdAt } = message;
  const time = useMemo(() => clock(createdAt), [createdAt]);
  const body = useAnnouncedEnd(status);
  useInView(body, id, streaming);
  const variables = { input: { messageId: id } };
  const stop = useAction(() => client.mutate({ mutation: StopDocument, variables }));
  const regenerate = useAction(() => client.mutate({ mutation: RegenerateDocument, variables }));
  const problem = stop.problem ?? regenerate.problem;
  return (
    <article
      className="reply"
      data-message-id={id}
      data-status={status}
      aria-busy={streaming}
      aria-label={`Assistant, ${time}`}
    >
      {reasoning && <Reasoning text={reasoning} isThinking={streaming && content === ""} />}
      <div ref={body}>
        {content !== "" && <Markdown text={content} isGrowing={streaming} />}
        {streaming && content === "" && !reasoning && <Waiting />}
      </div>
      <Ending message={message} regenerate={regenerate} />
      {problem && (
        <p className="error" role="alert">
          {problem}
        </p>
      )}
      <footer>
        {streaming ? (
          <button type="button" className="stop" onClick={() => stop.run()} disabled={stop.isRunning}>
            <Icon name="stop" />
            Stop
          </button>
        ) : (
          <span className="actions">
            {content !== "" && <CopyButton text={content} label="Copy reply" />}
            <button
              type="button"
              className="quiet"
              onClick={() => regenerate.run()}
              disabled={regenerate.isRunning}
              aria-label="Regenerate"
              title="Regenerate"
            >
              <Icon name="again" />
            </button>
            <DeleteMessage id={id} what="reply" />
            <Facts message={message} />
          </span>
        )}
      </footer>
    </article>
  );
}

function Waiting() {
  return (
    <p className="waiting">
      <span className="hidden">The reply is being started.</span>
      <i />
      <i />
      <i />
    </p>
  );
}

/** How it ended, where it did not end well. */
function Ending({ message, regenerate }: { message: BubbleFragment; regenerate: Action<[]> }) {
  if (message.status === "STOPPED")
    return <p className="ending">Stopped{message.content === "" && " before it began"}.</p>;
  if (message.status !== "FAILED") return null;
  return (
    <div className="ending failed" role="alert">
      <Icon name="warning" />
      <p>{message.error?.message ?? "The reply broke off."}</p>
      <button type="button" onClick={() => regenerate.run()} disabled={regenerate.isRunning}>
        Try again
      </button>
    </div>
  );
}

function Facts({ message }: { message: BubbleFragment }) {
  const { createdAt, model, usage } = message;
  const facts = [model, usage?.outputTokens != null && `${usage.outputTokens.toLocaleString()} tokens`].filter(Boolean);
  return (
    <span className="facts">
      <time dateTime={createdAt} title={fullDate(createdAt)}>
        {clock(createdAt)}
      </time>
      {facts.map((fact) => (
        <span key={String(fact)}>{fact}</span>
      ))}
    </span>
  );
}

/** What is said of an end. One that failed is an alert, and speaks for itself. */
const ENDED: Partial<Record<BubbleFragment["status"], string>> = {
  COMPLETE: "Reply finished.",
  STOPPED: "Reply stopped.",
};

/** Speaks the finished reply, once; a screen reader that spoke each frame could not be listened to. */
function useAnnouncedEnd(status: BubbleFragment["status"]) {
  const body = useRef<HTMLDivElement>(null);
  const announce = useAnnounce();
  const [before, setBefore] = useState(status);
  useEffect(() => {
    if (before === status) return;
    const ended = ENDED[status];
    if (ended) announce(`${ended} ${beginning(body.current)}`);
    setBefore(status);
  }, [status, before, announce]);
  return body;
}

/** As much as is spoken, block by block: to lay out 20 kB for it would hold up the page. */
function beginning(body: Element | null): string {
  let text = "";
  for (const block of body?.querySelectorAll<HTMLElement>(".markdown > *") ?? []) {
    if (text.length > LONGEST_SPOKEN) break;
    // biome-ignore lint/performance/useDomNodeTextContent: textContent would run the paragraphs together
    text += `${block.innerText}\n`;
  }
  return text;
}
