/** Signed in: the list of chats beside the one that is open. */

import { useEffect, useMemo, useRef, useState } from "react";
import { ChatPage } from "./chat/ChatPage.tsx";
import { Sidebar } from "./chats/Sidebar.tsx";
import { StartPage } from "./chats/StartPage.tsx";
import { useChats } from "./chats/useChats.ts";
import { useNews } from "./chats/useNews.ts";
import { ConnectionNote } from "./parts/ConnectionNote.tsx";
import { Icon } from "./parts/Icon.tsx";
import { Problem } from "./parts/Problem.tsx";
import { useChatId } from "./router.ts";
import { signOut } from "./session/session.ts";
import { inWords } from "./words.ts";

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
