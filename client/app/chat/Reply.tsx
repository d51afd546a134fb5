/** A reply of the assistant, while it streams and after. */

import { useEffect, useMemo, useRef, useState } from "react";
import { type BubbleFragment, ContinueDocument, RegenerateDocument, StopDocument } from "../documents.ts";
import { FlowingMarkdown } from "../markdown/FlowingMarkdown.tsx";
import { useSession } from "../session/session.ts";
import { CopyButton } from "../ui/CopyButton.tsx";
import { formatDateTime, formatTime } from "../ui/dates.ts";
import { Icon } from "../ui/Icon.tsx";
import { useAction } from "../ui/useAction.ts";
import { MAX_SPOKEN_CHARACTERS, useAnnounce } from "./Announcer.tsx";
import { DeleteMessage } from "./DeleteMessage.tsx";
import { Reasoning } from "./Reasoning.tsx";
import { endingNote, ReplyStatus } from "./ReplyStatus.tsx";
import { WaitingIndicator } from "./WaitingIndicator.tsx";

export function Reply({ message }: { message: BubbleFragment }) {
  const { client } = useSession();
  const { id, content, reasoning, status, streaming, createdAt } = message;
  const time = useMemo(() => formatTime(createdAt), [createdAt]);
  const [isFlowing, setIsFlowing] = useState(streaming);
  const body = useAnnouncedEnd(message, isFlowing);
  const variables = { input: { messageId: id } };
  const stop = useAction(() => client.mutate({ mutation: StopDocument, variables }));
  const regenerate = useAction(() => client.mutate({ mutation: RegenerateDocument, variables }));
  const resume = useAction(() => client.mutate({ mutation: ContinueDocument, variables }));
  const error = stop.error ?? regenerate.error ?? resume.error;
  const isEmpty = content === "" && !reasoning;
  return (
    <article
      className="reply"
      data-message-id={id}
      data-status={status}
      aria-busy={streaming || isFlowing}
      aria-label={`Assistant, ${time}`}
    >
      {reasoning && <Reasoning text={reasoning} isThinking={streaming && content === ""} />}
      <div ref={body}>
        <FlowingMarkdown text={content} isStreaming={streaming} onFlow={setIsFlowing} />
        {streaming && (isEmpty || message.activity) && <WaitingIndicator message={message} />}
      </div>
      <ReplyStatus message={message} regenerate={regenerate} resume={resume} />
      {error && (
        <p className="error" role="alert">
          {error}
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
              <Icon name="retry" />
            </button>
            <DeleteMessage id={id} kind="reply" />
            <Details message={message} />
          </span>
        )}
      </footer>
    </article>
  );
}

/** Time, model and number of tokens. */
function Details({ message }: { message: BubbleFragment }) {
  const { createdAt, model, usage } = message;
  const details = [model, usage?.outputTokens != null && `${usage.outputTokens.toLocaleString()} tokens`].filter(
    Boolean,
  );
  return (
    <span className="details">
      <time dateTime={createdAt} title={formatDateTime(createdAt)}>
        {formatTime(createdAt)}
      </time>
      {details.map((detail) => (
        <span key={String(detail)}>{detail}</span>
      ))}
    </span>
  );
}

/** Announcements. A failed reply has none, because its `role="alert"` is announced already. */
const ANNOUNCEMENTS: Partial<Record<BubbleFragment["status"], string>> = {
  COMPLETE: "Reply finished.",
  STOPPED: "Reply stopped.",
};

/** Announces the reply to screen readers when it ends. Announcing every update would be impossible to follow. */
function useAnnouncedEnd(message: BubbleFragment, isFlowing: boolean) {
  const { status } = message;
  const announcement = endingNote(message) ?? ANNOUNCEMENTS[status];
  const body = useRef<HTMLDivElement>(null);
  const announce = useAnnounce();
  const [lastStatus, setLastStatus] = useState(status);
  useEffect(() => {
    if (lastStatus === status || (isFlowing && status !== "STREAMING")) return; // until the last words are shown
    if (announcement) announce(`${announcement} ${spokenText(body.current)}`);
    setLastStatus(status);
  }, [status, isFlowing, lastStatus, announcement, announce]);
  return body;
}

/** The part of the text that is announced, block by block: the layout of 20 kB of text would block the page. */
function spokenText(body: Element | null): string {
  let text = "";
  for (const block of body?.querySelectorAll<HTMLElement>(".markdown > *") ?? []) {
    if (text.length > MAX_SPOKEN_CHARACTERS) break;
    // biome-ignore lint/performance/useDomNodeTextContent: textContent would run the paragraphs together
    text += `${block.innerText}\n`;
  }
  return text;
}
