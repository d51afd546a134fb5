/** Layout for a signed-in user: the list of chats beside the open chat. */

import { lazy, Suspense, useCallback, useEffect, useRef, useState } from "react";
import { ChatPage } from "../chat/ChatPage.tsx";
import { signOut } from "../session/session.ts";
import { ConnectionBanner } from "../ui/ConnectionBanner.tsx";
import { ErrorPage } from "../ui/ErrorPage.tsx";
import { errorMessage } from "../ui/errors.ts";
import { showHowItWorks, useShowsHowItWorks } from "../ui/howItWorks.ts";
import { Icon } from "../ui/Icon.tsx";
import { useChatId } from "../ui/router.ts";
import { Sidebar } from "./Sidebar.tsx";
import { StartPage } from "./StartPage.tsx";
import { useChats } from "./useChats.ts";
import { useCollapsed } from "./useCollapsed.ts";
import { useTabTitle } from "./useTabTitle.ts";

const NARROW = "(max-width: 48rem)"; // as in home.css: the list covers the chat

// Loaded when it opens.
const HowItWorks = lazy(async () => ({ default: (await import("../tracks/HowItWorks.tsx")).HowItWorks }));

export function HomePage() {
  const chatId = useChatId();
  const { viewer, chats, error, retry, refresh, loadMore, hasMore } = useChats(chatId);
  const onUnread = useCallback(() => void refresh().catch(() => {}), [refresh]);
  const [isListOpen, setIsListOpen] = useState(false);
  const { isCollapsed, collapse, expand } = useCollapsed();
  const showsHowItWorks = useShowsHowItWorks();
  const list = useRef<HTMLElement>(null);
  const open = chats.find(({ node }) => node.id === chatId);
  useTabTitle(open?.node.title, chats, chatId);

  useEffect(() => {
    if (!isListOpen) return;
    const { activeElement: opener } = document;
    list.current?.querySelector<HTMLElement>("a")?.focus();
    const onKeyDown = ({ key }: KeyboardEvent) => key === "Escape" && setIsListOpen(false);
    addEventListener("keydown", onKeyDown);
    return () => {
      removeEventListener("keydown", onKeyDown);
      // Also from what covers the chat, or from nothing, where Tab leads after the last control.
      const isLeft = document.activeElement?.closest("#list, .backdrop") || document.activeElement === document.body;
      if (isLeft) (opener as HTMLElement | null)?.focus();
    };
  }, [isListOpen]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: on a narrow screen, opening a chat closes the list
  useEffect(() => setIsListOpen(false), [chatId]);

  useEffect(() => {
    const narrow = matchMedia(NARROW);
    const close = () => setIsListOpen(false);
    narrow.addEventListener("change", close);
    return () => narrow.removeEventListener("change", close);
  }, []);

  useEffect(() => () => showHowItWorks(false), []); // the next user has not opened it

  // biome-ignore lint/correctness/useExhaustiveDependencies: on a narrow screen the list covers the panel
  useEffect(() => setIsListOpen(false), [showsHowItWorks]);

  useEffect(() => {
    // The server no longer accepts the token, for example because the user was deleted.
    if (viewer === null) signOut();
  }, [viewer]);

  if (!viewer)
    return error ? (
      <main>
        <ErrorPage title="Twotrack cannot be reached" onRetry={() => void retry().catch(() => {})}>
          {errorMessage(error)}
        </ErrorPage>
      </main>
    ) : null;

  return (
    <div className="home" data-list={isListOpen ? "open" : "closed"} data-collapsed={isCollapsed || undefined}>
      <aside ref={list} id="list" aria-label="Your chats">
        <Sidebar
          viewer={viewer}
          chats={chats}
          current={chatId}
          loadMore={loadMore}
          hasMore={hasMore}
          onHide={() => (isListOpen ? setIsListOpen(false) : collapse())}
        />
      </aside>
      <button
        type="button"
        className="backdrop"
        onClick={() => setIsListOpen(false)}
        aria-label="Close the list of chats"
      />
      <main inert={isListOpen}>
        <button
          type="button"
          className="quiet open-list"
          onClick={() => (matchMedia(NARROW).matches ? setIsListOpen(true) : expand())}
          aria-label="Chats"
          title="Chats"
          aria-expanded={isListOpen}
          aria-controls="list"
        >
          <Icon name="menu" />
        </button>
        <ConnectionBanner />
        {chatId === undefined ? (
          <StartPage name={viewer.user.name.split(" ")[0] ?? ""} />
        ) : (
          <ChatPage
            key={chatId}
            id={chatId}
            viewerId={viewer.user.id}
            unreadCount={open?.unreadCount ?? 0}
            onUnread={onUnread}
          />
        )}
      </main>
      {showsHowItWorks && (
        <Suspense>
          <HowItWorks viewerId={viewer.id} onClose={() => showHowItWorks(false)} />
        </Suspense>
      )}
    </div>
  );
}
