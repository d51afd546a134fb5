/** Formats dates and times in the reader's locale. */

const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const DATE_AND_TIME = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });

export function formatTime(date: string): string {
  return TIME.format(new Date(date));
}

export function formatDateTime(date: string): string {
  return DATE_AND_TIME.format(new Date(date));
}

export function formatDate(date: string): string {
  return DATE.format(new Date(date));
}

/** Heading of the group that a date belongs to: "Today", "Yesterday", "Last 7 days", "Last 30 days", or the month. */
export function ageGroup(date: string, now = new Date()): string {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  const days = Math.ceil((midnight - new Date(date).getTime()) / 86_400_000);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  if (days <= 7) return "Last 7 days";
  if (days <= 30) return "Last 30 days";
  return new Intl.DateTimeFormat(undefined, { month: "long", year: "numeric" }).format(new Date(date));
}
