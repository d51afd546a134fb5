/** The tab's title, icon and notifications: the open chat, and how many messages are unread. */

import { useEffect, useRef } from "react";
import type { ChatsQuery } from "../documents.ts";
import { useIsVisible } from "../ui/useIsVisible.ts";
import { wantsNotifications } from "./notifications.ts";

const NAME = "Twotrack";
const ICON = "/icon.svg";
const UNREAD_ICON = "/icon-unread.svg";

type Edges = NonNullable<ChatsQuery["viewer"]>["chats"]["edges"];

export function useTabTitle(title: string | undefined, chats: Edges, current: string | undefined): void {
  const isVisible = useIsVisible();
  const unread = chats.filter(({ node }) => !isVisible || node.id !== current);
  const count = unread.reduce((sum, { unreadCount }) => sum + unreadCount, 0);
  const newest = unread.find(({ unreadCount }) => unreadCount > 0)?.node.title;

  useEffect(() => {
    document.title = `${count > 0 ? `(${count}) ` : ""}${title ? `${title} · ` : ""}${NAME}`;
    setIcon(count > 0 ? UNREAD_ICON : ICON);
    return () => {
      // After signing out, nothing of the chat may remain.
      document.title = NAME;
      setIcon(ICON);
    };
  }, [title, count]);

  const lastCount = useRef(count);
  useEffect(() => {
    if (!isVisible && count > lastCount.current && wantsNotifications())
      new Notification(newest || NAME, { body: "There is a new message.", tag: "twotrack", icon: ICON });
    lastCount.current = count;
  }, [isVisible, count, newest]);
}

function setIcon(href: string): void {
  document.querySelector('link[rel="icon"]')?.setAttribute("href", href);
}
