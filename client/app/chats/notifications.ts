/** Whether this browser shows a notification when a message arrives while the page is in the background. */

import { browserStorage } from "../session/safeStorage.ts";

const KEY = "twotrack.notifications";

export const canNotify = typeof Notification !== "undefined";

export function wantsNotifications(): boolean {
  return canNotify && Notification.permission === "granted" && browserStorage.get(KEY) === "on";
}

/** Turns notifications on or off, and resolves to whether they are on. The browser may ask the user for permission. */
export async function toggleNotifications(): Promise<boolean> {
  if (!canNotify) return false;
  if (wantsNotifications()) {
    browserStorage.set(KEY, null);
    return false;
  }
  if ((await Notification.requestPermission()) === "granted") browserStorage.set(KEY, "on");
  return wantsNotifications();
}
