/** One message: followed while it is being written. */

import { useMessageStream } from "@twotrack/client/apollo";
import { memo } from "react";
import type { BubbleFragment } from "../documents.ts";
import { PersonMessage } from "./PersonMessage.tsx";
import { Reply } from "./Reply.tsx";

interface Props {
  readonly message: BubbleFragment;
  readonly viewerId: string;
  /** The reply that follows a person's message: to be asked for again when that is edited. */
  readonly replyId?: string | undefined;
}

export const Bubble = memo(function Bubble({ message, viewerId, replyId }: Props) {
  const live: BubbleFragment = useMessageStream(message);
  if (live.role === "ASSISTANT") return <Reply message={live} />;
  return <PersonMessage message={live} isOwn={live.author?.id === viewerId} replyId={replyId} />;
});
