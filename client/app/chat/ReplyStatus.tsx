/** Says how a reply ended, unless it ended normally, and offers the next step. */

import type { BubbleFragment, PersonFragment } from "../documents.ts";
import { Icon } from "../ui/Icon.tsx";
import type { Action } from "../ui/useAction.ts";

type Named = Pick<PersonFragment, "id" | "name">;

/** A person's name in a sentence about what they did. */
export function nameOf(person: Named, viewerId: string | undefined): string {
  return person.id === viewerId ? "you" : person.name;
}

type Ended = Pick<BubbleFragment, "status" | "content" | "finishReason">;

const NOTES: Readonly<Record<string, string>> = {
  length: "The reply reached its length limit.",
  content_filter: "The provider's filter withheld this reply or the rest of it. Rephrase your message.",
  tool_calls: "The model called a tool, and this chat has none. The reply may be incomplete.",
  error: "The provider had a problem. The reply may be incomplete.",
  other: "The provider ended this reply early. It may be incomplete.",
};

/** A sentence about a complete reply that did not end normally. Undefined for all other replies. */
export function endingNote({ status, content, finishReason }: Ended): string | undefined {
  if (status !== "COMPLETE") return undefined;
  if (content === "") return NOTES[finishReason ?? ""] ?? "The model ended its reply without a word.";
  return NOTES[finishReason ?? ""];
}

/** A continuation that was stopped or has failed keeps the reason `length`, and can be continued again. */
const canContinue = ({ content, finishReason }: Ended) => finishReason === "length" && content !== "";

interface Props {
  readonly message: BubbleFragment;
  /** Undefined for a guest, who only reads. */
  readonly viewerId: string | undefined;
  /** Undefined for a reply that was written from outside, and for a guest. */
  readonly regenerate: Action<[]> | undefined;
  readonly resume: Action<[]>;
}

export function ReplyStatus({ message, viewerId, regenerate, resume }: Props) {
  const { status, content, finishReason, error, stoppedBy } = message;
  if (status === "STREAMING") return null;
  const isFailed = status === "FAILED";
  const note = endingNote(message);
  const isRunning = regenerate?.isRunning || resume.isRunning;
  const next =
    regenerate === undefined ? null : canContinue(message) ? (
      <button type="button" onClick={() => resume.run()} disabled={isRunning}>
        Continue
      </button>
    ) : (
      (isFailed || (note && finishReason !== "content_filter")) && (
        <button type="button" onClick={() => regenerate.run()} disabled={isRunning}>
          Try again
        </button>
      )
    );
  if (isFailed)
    return (
      <div className="reply-status failed" role="alert">
        <Icon name="warning" />
        <p>{error?.message ?? "The reply failed."}</p>
        {next}
      </div>
    );
  const by = stoppedBy ? ` by ${nameOf(stoppedBy, viewerId)}` : "";
  const text = status === "STOPPED" ? `Stopped${by}${content === "" ? " before it began" : ""}.` : note;
  if (text === undefined) return null;
  return (
    <div className="reply-status">
      <p>{text}</p>
      {next}
    </div>
  );
}
