/** What went wrong, in words, with a way on. */

import { CombinedGraphQLErrors } from "@apollo/client";

export function inWords(error: unknown): string {
  if (CombinedGraphQLErrors.is(error)) return error.errors[0]?.message ?? "Something went wrong. Try again.";
  return navigator.onLine ? "The server cannot be reached just now. Try again in a moment." : "You are offline.";
}

export function codeOf(error: unknown): string | undefined {
  return CombinedGraphQLErrors.is(error) ? String(error.errors[0]?.extensions?.code) : undefined;
}

const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

export function clock(moment: string): string {
  return TIME.format(new Date(moment));
}

export function fullDate(moment: string): string {
  return FULL.format(new Date(moment));
}

/** "Today", "Yesterday", "Last 7 days", or a month: how a list of chats is divided. */
export function age(moment: string, now = new Date()): string {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  const days = Math.ceil((midnight - new Date(moment).getTime()) / 86_400_000);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  if (days <= 7) return "Last 7 days";
  if (days <= 30) return "Last 30 days";
  return new Intl.DateTimeFormat(undefined, { month: "long", year: "numeric" }).format(new Date(moment));
}

export function shortDate(moment: string): string {
  return DAY.format(new Date(moment));
}
