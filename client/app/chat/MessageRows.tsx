/** The messages on the page, with a divider where a day begins and one where the unread messages begin. */

import { Fragment } from "react";
import { startOfDay } from "../ui/dates.ts";
import { useToday } from "../ui/useToday.ts";
import { Bubble } from "./Bubble.tsx";
import { DayDivider, NewDivider } from "./Divider.tsx";
import type { LoadedChat } from "./useChat.ts";

type Edge = LoadedChat["messages"]["edges"][number];

interface Props {
  readonly edges: readonly Edge[];
  /** How many of the newest messages are rendered. */
  readonly most: number;
  /** Undefined for a guest, who only reads. */
  readonly viewerId: string | undefined;
  /** ID of the first unread message. */
  readonly firstNew: string | undefined;
  /** True if a message follows that is not on the server yet. */
  readonly hasUnsent: boolean;
}

export function MessageRows({ edges, most, viewerId, firstNew, hasUnsent }: Props) {
  const today = useToday();
  const skipped = Math.max(0, edges.length - most);
  // A chat of today needs no date above its first message.
  let day = skipped === 0 ? today : startOfDay(edges[skipped - 1]?.node.createdAt);
  const rows = edges.slice(skipped).map(({ node }, index) => {
    const next = edges[skipped + index + 1]?.node;
    const previousDay = day;
    day = Math.min(startOfDay(node.createdAt), today); // the clock of this device may be slow
    return (
      <Fragment key={node.id}>
        {day !== previousDay && <DayDivider day={day} today={today} />}
        {node.id === firstNew && <NewDivider />}
        <Bubble message={node} viewerId={viewerId} replyId={next?.role === "ASSISTANT" ? next.id : undefined} />
      </Fragment>
    );
  });
  return (
    <>
      {rows}
      {hasUnsent && day !== today && <DayDivider day={today} today={today} />}
    </>
  );
}
