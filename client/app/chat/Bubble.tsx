/** One message of the conversation. Follows its stream while it is being written. */

import { useMessageStream } from "@twotrack/client/apollo/react";
import { memo } from "react";
import type { BubbleFragment } from "../documents.ts";
import { PersonMessage } from "./PersonMessage.tsx";
import { Reply } from "./Reply.tsx";

interface Props {
  readonly message: BubbleFragment;
  /** Undefined for a guest, who only reads. */
  readonly viewerId: string | undefined;
  /** ID of the reply to this message. It can be regenerated after an edit. */
  readonly replyId?: string | undefined;
}

export const Bubble = memo(function Bubble({ message, viewerId, replyId }: Props) {
  const live: BubbleFragment = useMessageStream(message);
  if (live.role === "ASSISTANT") return <Reply message={live} viewerId={viewerId} />;
  const isOwn = viewerId !== undefined && live.author?.id === viewerId;
  return <PersonMessage message={live} isOwn={isOwn} replyId={replyId} />;
});
