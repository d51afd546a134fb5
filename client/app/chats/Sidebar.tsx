/** The viewer's chats by age, a search in them, and the viewer. */

import { useEffect, useRef, useState } from "react";
import type { ChatHeadFragment, ChatsQuery } from "../documents.ts";
import { signOut } from "../session/session.ts";
import { Avatar } from "../ui/Avatar.tsx";
import { Brand } from "../ui/Brand.tsx";
import { age } from "../ui/errors.ts";
import { Icon } from "../ui/Icon.tsx";
import { pathOf } from "../ui/paths.ts";
import { followingLink } from "../ui/router.ts";
import type { Action } from "../ui/useAction.ts";

interface Props {
  readonly viewer: NonNullable<ChatsQuery["viewer"]>;
  readonly chats: readonly { readonly node: ChatHeadFragment }[];
  readonly current: string | undefined;
  /** The chats that have some. */
  readonly news: ReadonlySet<string>;
  readonly more: Action<[]>;
  readonly hasMore: boolean;
}

export function Sidebar({ viewer, chats, current, news, more, hasMore }: Props) {
  const [sought, setSought] = useState("");
  const search = useRef<HTMLInputElement>(null);
  const found = chats.filter(({ node }) => node.title.toLocaleLowerCase().includes(sought.trim().toLocaleLowerCase()));

  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.metaKey || event.ctrlKey)) return;
      event.preventDefault();
      search.current?.focus();
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, []);

  // A search looks through all chats, so those that are not here yet are fetched.
  const { run, isRunning, problem } = more;
  useEffect(() => {
    if (sought !== "" && hasMore && !isRunning && problem === undefined) void run();
  }, [sought, hasMore, isRunning, problem, run]);

  return (
    <>
      <header>
        <a href={pathOf()} onClick={followingLink()} aria-label="Twotrack: start a new chat">
          <Brand />
        </a>
      </header>
      <a className="button new" href={pathOf()} onClick={followingLink()} aria-current={current ? undefined : "page"}>
        <Icon name="add" />
        New chat
      </a>
      <label className="search">
        <span className="hidden">Search your chats</span>
        <Icon name="search" />
        <input
          ref={search}
          type="search"
          value={sought}
          onChange={(event) => setSought(event.target.value)}
          onKeyDown={(event) => event.key === "Escape" && setSought("")}
          placeholder="Search"
        />
      </label>
      <nav aria-label="Chats">
        {byAge(found).map(([title, group]) => (
          <section key={title} aria-label={title}>
            <h2>{title}</h2>
            <ul>
              {group.map((chat) => (
                <ChatLink key={chat.id} chat={chat} isCurrent={chat.id === current} isUnread={news.has(chat.id)} />
              ))}
            </ul>
          </section>
        ))}
        {chats.length === 0 && <p className="aside">Your chats will be listed here.</p>}
        {chats.length > 0 && found.length === 0 && !hasMore && (
          <p className="aside">No chat has “{sought}” in its title.</p>
        )}
        {problem && (
          <p className="error" role="alert">
            {problem}
          </p>
        )}
        {hasMore && (
          <button type="button" className="link" onClick={() => run()} disabled={isRunning}>
            {moreLabel(isRunning, problem)}
          </button>
        )}
      </nav>
      <footer>
        <Avatar name={viewer.user.name} />
        <p>
          {viewer.user.name}
          <small>{viewer.email}</small>
        </p>
        <button type="button" className="quiet" onClick={() => signOut()} aria-label="Sign out" title="Sign out">
          <Icon name="leave" />
        </button>
      </footer>
    </>
  );
}

function moreLabel(isRunning: boolean, problem: string | undefined): string {
  if (isRunning) return "Loading…";
  return problem === undefined ? "Show more" : "Try again";
}

function ChatLink({ chat, isCurrent, isUnread }: { chat: ChatHeadFragment; isCurrent: boolean; isUnread: boolean }) {
  return (
    <li>
      <a
        href={pathOf(chat.id)}
        onClick={followingLink(chat.id)}
        aria-current={isCurrent ? "page" : undefined}
        data-chat-id={chat.id}
        data-unread={(isUnread && !isCurrent) || undefined}
        dir="auto"
      >
        {chat.title || "New chat"}
        {isUnread && !isCurrent && <span className="hidden">, unread</span>}
      </a>
    </li>
  );
}

function byAge(chats: Props["chats"]): [string, ChatHeadFragment[]][] {
  const groups = new Map<string, ChatHeadFragment[]>();
  for (const { node } of chats) {
    const title = age(node.updatedAt);
    groups.set(title, [...(groups.get(title) ?? []), node]);
  }
  return [...groups];
}
