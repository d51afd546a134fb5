/** Panel that explains the two tracks, and shows what arrives on them. */

import { useConnection } from "@twotrack/client/apollo/react";
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState, useSyncExternalStore } from "react";
import "../styles/howItWorks.css";
import { setSmooth, useIsSmooth } from "../chat/smoothText.ts";
import { ChatSummaryFragmentDoc } from "../documents.ts";
import { useSession } from "../session/session.ts";
import { Icon } from "../ui/Icon.tsx";
import { EventEntry, FetchedEntry, FrameEntry } from "./entries.tsx";
import { TrackLog } from "./trackLog.ts";

interface Props {
  /** ID of the viewer, by which the sync track names the list of chats. */
  readonly viewerId: string;
  readonly onClose: () => void;
}

const TRANSPORTS = { websocket: "a WebSocket", http: "HTTP" } as const;

export function HowItWorks({ viewerId, onClose }: Props) {
  const { client } = useSession();
  const [log] = useState(() => new TrackLog());
  const { sync, stream } = useSyncExternalStore(log.subscribe, log.tracks);
  const { status, transport } = useConnection();
  const title = useRef<HTMLHeadingElement>(null);
  const titleId = useId();
  useEffect(() => client.connection.onResult((received) => log.add(received)), [client, log]);
  useEffect(() => {
    const opener = document.activeElement;
    title.current?.focus();
    return () => (opener as HTMLElement | null)?.focus();
  }, []);

  const nameOf = (id: string) => {
    if (id === viewerId) return "Your list of chats";
    const from = client.cache.identify({ __typename: "Chat", id });
    const chat = from && client.cache.readFragment({ fragment: ChatSummaryFragmentDoc, id: from });
    return chat ? chat.title || "New chat" : "A chat";
  };
  const onKeyDown = (event: KeyboardEvent) => event.key === "Escape" && onClose();

  return (
    <aside className="how-it-works" aria-labelledby={titleId} onKeyDown={onKeyDown}>
      <header>
        <h2 id={titleId} ref={title} tabIndex={-1}>
          How this works
        </h2>
        <button type="button" className="quiet" onClick={onClose} aria-label="Close">
          <Icon name="close" />
        </button>
      </header>
      <div className="body">
        <p>
          The server sends updates on two tracks, over one connection
          {status === "open" && transport && ` (now by ${TRANSPORTS[transport]})`}. Open this panel beside a chat, send
          a message, and watch.
        </p>
        <Track
          title="Sync track"
          empty="Nothing yet. Rename a chat, or send a message."
          explanation="When a chat or your list of chats changes, the server sends its id and its new revision, and nothing
            else. If the page shows an older revision, it fetches the page again."
        >
          {sync.map((entry) =>
            entry.kind === "event" ? (
              <EventEntry key={entry.key} event={entry} name={nameOf(entry.id)} />
            ) : (
              <FetchedEntry key={entry.key} fetched={entry} name={nameOf(entry.id)} />
            ),
          )}
        </Track>
        <Track
          title="Stream track"
          empty="Nothing yet. Send a message, and the reply arrives here."
          explanation="While a reply is being written, the server sends the whole message with each update. A lost update
            costs nothing, because the next one has it all. The greater revision is the newer one."
        >
          {stream.map((frame) => (
            <FrameEntry key={frame.key} frame={frame} />
          ))}
        </Track>
        <SmoothSwitch />
      </div>
    </aside>
  );
}

interface TrackProps {
  readonly title: string;
  readonly explanation: string;
  /** Shown until something arrives. */
  readonly empty: string;
  readonly children: readonly ReactNode[];
}

function Track({ title, explanation, empty, children }: TrackProps) {
  return (
    <section>
      <h3>{title}</h3>
      <p>{explanation}</p>
      {children.length === 0 ? (
        <p className="aside">{empty}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard
        <ol aria-label={`${title}, the newest first`} tabIndex={0}>
          {children}
        </ol>
      )}
    </section>
  );
}

function SmoothSwitch() {
  const isSmooth = useIsSmooth();
  return (
    <section>
      <label>
        <input
          type="checkbox"
          checked={isSmooth}
          onChange={({ target }) => setSmooth(target.checked)}
          aria-describedby="smooth-text"
        />
        Smooth text
      </label>
      <p id="smooth-text">
        On: each update is shown word by word until the next one is due. Off: text appears as it arrives.
      </p>
    </section>
  );
}
