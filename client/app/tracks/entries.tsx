/** One line of the panel "How this works". */

import type { ReactNode } from "react";
import type { Event, Fetched, Frame } from "./trackLog.ts";

const TIME = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 1,
  hour12: false,
});

export function EventEntry({ event, name }: { event: Event; name: string }) {
  const { time, id, revision, isDeleted } = event;
  return (
    <Line kind="event" time={time} id={id} name={name}>
      {isDeleted ? "deleted, or no longer visible" : `revision ${revision}`}
    </Line>
  );
}

export function FetchedEntry({ fetched, name }: { fetched: Fetched; name: string }) {
  const { time, id, revision, bytes, durationMs, after } = fetched;
  return (
    <Line kind="fetched" time={time} id={id} name={name}>
      fetched{after !== undefined && " after the event"}: revision {revision}, {size(bytes)}, {durationMs} ms
    </Line>
  );
}

export function FrameEntry({ frame }: { frame: Frame }) {
  const { time, id, revision, bytes, gapMs, isLast } = frame;
  return (
    <Line kind="frame" time={time} id={id} name={isLast ? "Message, complete" : "Message"}>
      revision {revision}, {size(bytes)}
      {gapMs !== undefined && `, ${gapMs} ms after the last`}
    </Line>
  );
}

interface LineProps {
  readonly kind: "event" | "fetched" | "frame";
  readonly time: number;
  readonly id: string;
  readonly name: string;
  readonly children: ReactNode;
}

const ID_CHARACTERS = 6; // the end of an id, which differs from the others

function Line({ kind, time, id, name, children }: LineProps) {
  return (
    <li data-kind={kind}>
      <time dateTime={new Date(time).toISOString()}>{TIME.format(time)}</time>
      <span>
        <strong dir="auto">{name}</strong> <code title={id}>…{id.slice(-ID_CHARACTERS)}</code>
        <span className="facts">{children}</span>
      </span>
    </li>
  );
}

function size(bytes: number): string {
  return bytes < 1000 ? `${bytes} B` : `${(bytes / 1000).toFixed(1)} kB`;
}
