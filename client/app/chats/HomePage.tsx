/** Signed in: the list of chats beside the one that is open. */

import { useEffect, useMemo, useRef, useState } from "react";
import { ChatPage } from "../chat/ChatPage.tsx";
import { signOut } from "../session/session.ts";
import { ConnectionNote } from "../ui/ConnectionBanner.tsx";
import { Problem } from "../ui/ErrorPage.tsx";
import { inWords } from "../ui/errors.ts";
import { Icon } from "../ui/Icon.tsx";
import { useChatId } from "../ui/router.ts";
import { Sidebar } from "./Sidebar.tsx";
import { StartPage } from "./StartPage.tsx";
import { useChats } from "./useChats.ts";
import { useNews } from "./useUnread.ts";

const PHONE = "(max-width: 48rem)"; // as in home.css: where the list lies over the chat

export function Home() {
  const chatId = useChatId();
  const { viewer, chats, error, retry, more, hasMore } = useChats();
  const heads = useMemo(() => chats.map(({ node }) => node), [chats]);
  const { news, onLook } = useNews(viewer?.user.id, heads, chatId);
  const [isListOpen, setIsListOpen] = useState(false);
  const list = useRef<HTMLElement>(null);
  const title = heads.find(({ id }) => id === chatId)?.title;

  useEffect(() => {
    document.title = title ? `${title} · Twotrack` : "Twotrack";
  }, [title]);

  useEffect(() => {
    if (!isListOpen) return;
    const { activeElement: opener } = document;
    list.current?.querySelector<HTMLElement>("a")?.focus();
    const onKeyDown = ({ key }: KeyboardEvent) => key === "Escape" && setIsListOpen(false);
    addEventListener("keydown", onKeyDown);
    return () => {
      removeEventListener("keydown", onKeyDown);
      if (list.current?.contains(document.activeElement)) (opener as HTMLElement | null)?.focus();
    };
  }, [isListOpen]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: on a phone, going somewhere closes the list
  useEffect(() => setIsListOpen(false), [chatId]);

  useEffect(() => {
    const phone = matchMedia(PHONE);
    const close = () => setIsListOpen(false);
    phone.addEventListener("change", close);
    return () => phone.removeEventListener("change", close);
  }, []);

  useEffect(() => {
    // A token that the server does not know any more signs nobody in.
    if (viewer === null) signOut();
  }, [viewer]);

  if (!viewer)
    return error ? (
      <main>
        <Problem title="Twotrack cannot be reached" onRetry={() => void retry().catch(() => {})}>
          {inWords(error)}
        </Problem>
      </main>
    ) : null;

  return (
    <div className="home" data-list={isListOpen ? "open" : "closed"}>
      <aside ref={list} id="list" aria-label="Your chats">
        <Sidebar viewer={viewer} chats={chats} current={chatId} news={news} more={more} hasMore={hasMore} />
      </aside>
      <button
        type="button"
        className="shade"
        onClick={() => setIsListOpen(false)}
        aria-label="Close the list of chats"
      />
      <main inert={isListOpen}>
        <button
          type="button"
          className="quiet open-list"
          onClick={() => setIsListOpen(true)}
          aria-label="Chats"
          aria-expanded={isListOpen}
          aria-controls="list"
        >
          <Icon name="menu" />
        </button>
        <ConnectionNote />
        {chatId === undefined ? (
          <StartPage name={viewer.user.name.split(" ")[0] ?? ""} />
        ) : (
          <ChatPage key={chatId} id={chatId} viewerId={viewer.user.id} onLook={onLook} />
        )}
      </main>
    </div>
  );
}
