/** The viewer's chats, grouped by age, with a field that filters them, a search of their messages, and a sign-out button. */

import { lazy, Suspense, useEffect, useState } from "react";
import { createPortal } from "react-dom";
import type { ChatsQuery } from "../documents.ts";
import { signOut } from "../session/session.ts";
import { Avatar } from "../ui/Avatar.tsx";
import { Brand } from "../ui/Brand.tsx";
import { ageGroup } from "../ui/dates.ts";
import { showHowItWorks } from "../ui/howItWorks.ts";
import { Icon } from "../ui/Icon.tsx";
import { hasKeyboard } from "../ui/keyboard.ts";
import { pathTo } from "../ui/paths.ts";
import { onLinkClick } from "../ui/router.ts";
import type { Action } from "../ui/useAction.ts";
import { useToday } from "../ui/useToday.ts";
import { canNotify, toggleNotifications, wantsNotifications } from "./notifications.ts";

type ChatEdge = NonNullable<ChatsQuery["viewer"]>["chats"]["edges"][number];

interface Props {
  readonly viewer: NonNullable<ChatsQuery["viewer"]>;
  readonly chats: readonly ChatEdge[];
  readonly current: string | undefined;
  readonly loadMore: Action<[]>;
  readonly hasMore: boolean;
  readonly onHide: () => void;
}

const MOST_SHOWN = 99;

const SEARCH_KEYS = /Mac|iP(hone|ad)/.test(navigator.userAgent) ? "⌘ K" : "Ctrl K";

// Loaded when they open.
const SearchDialog = lazy(async () => ({ default: (await import("./SearchDialog.tsx")).SearchDialog }));
const SettingsDialog = lazy(async () => ({
  default: (await import("../settings/SettingsDialog.tsx")).SettingsDialog,
}));

export function Sidebar({ viewer, chats, current, loadMore, hasMore, onHide }: Props) {
  const today = useToday();
  const [searchText, setSearchText] = useState("");
  const [hasSettings, setHasSettings] = useState(false);
  const [isSearching, setIsSearching] = useState(false);
  const found = chats.filter(({ node }) =>
    node.title.toLocaleLowerCase().includes(searchText.trim().toLocaleLowerCase()),
  );

  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.metaKey || event.ctrlKey)) return;
      event.preventDefault();
      // Not above another dialog, whose text would be lost from sight.
      if (document.querySelector("dialog[open]") === null) setIsSearching(true);
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, []);

  // The filter covers all chats, so it loads those that are not in the list yet.
  const { run, isRunning, error } = loadMore;
  useEffect(() => {
    if (searchText !== "" && hasMore && !isRunning && error === undefined) void run();
  }, [searchText, hasMore, isRunning, error, run]);

  return (
    <>
      <header>
        <a href={pathTo()} onClick={onLinkClick()} aria-label="Twotrack: start a new chat">
          <Brand />
        </a>
        <button
          type="button"
          className="quiet hide-list"
          onClick={onHide}
          aria-label="Hide the chats"
          title="Hide the chats"
          aria-expanded={true}
          aria-controls="list"
        >
          <Icon name="sidebar" />
        </button>
      </header>
      <a className="button new" href={pathTo()} onClick={onLinkClick()} aria-current={current ? undefined : "page"}>
        <Icon name="add" />
        New chat
      </a>
      <button type="button" className="new" onClick={() => setIsSearching(true)} aria-keyshortcuts="Control+K Meta+K">
        <Icon name="search" />
        Search messages
        {hasKeyboard() && (
          <span className="keys" aria-hidden="true">
            {SEARCH_KEYS}
          </span>
        )}
      </button>
      <label className="search">
        <span className="hidden">Filter your chats by title</span>
        <Icon name="filter" />
        <input
          type="search"
          value={searchText}
          onChange={(event) => setSearchText(event.target.value)}
          onKeyDown={(event) => event.key === "Escape" && setSearchText("")}
          placeholder="Filter by title"
        />
      </label>
      <nav aria-label="Chats">
        {groupByAge(found, today).map(([title, group]) => (
          <section key={title} aria-label={title}>
            <h2>{title}</h2>
            <ul>
              {group.map((edge) => (
                <ChatLink key={edge.node.id} edge={edge} isCurrent={edge.node.id === current} />
              ))}
            </ul>
          </section>
        ))}
        {chats.length === 0 && <p className="aside">Your chats will be listed here.</p>}
        {chats.length > 0 && found.length === 0 && !hasMore && (
          <p className="aside">No chat has “{searchText}” in its title.</p>
        )}
        {error && (
          <p className="error" role="alert">
            {error}
          </p>
        )}
        {hasMore && (
          <button type="button" className="link" onClick={() => run()} disabled={isRunning}>
            {loadMoreLabel(isRunning, error)}
          </button>
        )}
      </nav>
      <button type="button" className="new" onClick={() => showHowItWorks(true)}>
        <Icon name="tracks" />
        How this works
      </button>
      <footer>
        <Avatar name={viewer.user.name} />
        <p>
          {viewer.user.name}
          <small>{viewer.email}</small>
        </p>
        {canNotify && <NotificationButton />}
        <button
          type="button"
          className="quiet"
          onClick={() => setHasSettings(true)}
          aria-label="Settings"
          title="Settings"
        >
          <Icon name="settings" />
        </button>
        <button type="button" className="quiet" onClick={() => signOut()} aria-label="Sign out" title="Sign out">
          <Icon name="power" />
        </button>
      </footer>
      {isSearching &&
        createPortal(
          <Suspense>
            <SearchDialog onClose={() => setIsSearching(false)} />
          </Suspense>,
          document.body,
        )}
      {hasSettings &&
        createPortal(
          <Suspense>
            <SettingsDialog name={viewer.user.name} onClose={() => setHasSettings(false)} />
          </Suspense>,
          document.body, // not part of the list
        )}
    </>
  );
}

function NotificationButton() {
  const [isOn, setIsOn] = useState(wantsNotifications);
  const label = isOn ? "Turn notifications off" : "Notify me of new messages";
  return (
    <button
      type="button"
      className="quiet"
      onClick={async () => setIsOn(await toggleNotifications())}
      aria-pressed={isOn}
      aria-label={label}
      title={label}
    >
      <Icon name="bell" />
    </button>
  );
}

function loadMoreLabel(isRunning: boolean, error: string | undefined): string {
  if (isRunning) return "Loading…";
  return error === undefined ? "Show more" : "Try again";
}

function ChatLink({ edge, isCurrent }: { edge: ChatEdge; isCurrent: boolean }) {
  const { node: chat, unreadCount, replying } = edge;
  const isUnread = unreadCount > 0 && !isCurrent;
  return (
    <li>
      <a
        href={pathTo(chat.id)}
        onClick={onLinkClick(chat.id)}
        aria-current={isCurrent ? "page" : undefined}
        data-chat-id={chat.id}
        data-unread={isUnread || undefined}
        data-replying={replying || undefined}
        dir="auto"
      >
        {chat.title || "New chat"}
        {isUnread && (
          <span className="count">
            <span className="hidden">, </span>
            {unreadCount > MOST_SHOWN ? `${MOST_SHOWN}+` : unreadCount}
            <span className="hidden"> unread</span>
          </span>
        )}
      </a>
    </li>
  );
}

function groupByAge(chats: readonly ChatEdge[], today: number): [string, ChatEdge[]][] {
  const groups = new Map<string, ChatEdge[]>();
  for (const edge of chats) {
    const title = ageGroup(edge.node.updatedAt, today);
    groups.set(title, [...(groups.get(title) ?? []), edge]);
  }
  return [...groups];
}
