/** Formats dates and times in the reader's locale and time zone. */

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

/** The midnight at which the day of this date began. */
export function startOfDay(date: string | number = Date.now()): number {
  return new Date(date).setHours(0, 0, 0, 0);
}

/** `today` is a midnight (`useToday`). Rounded, because the days on which clocks change have 23 or 25 hours. */
function daysAgo(date: string | number, today: number): number {
  return Math.round((today - startOfDay(date)) / 86_400_000);
}

/** "Today", "Yesterday", or for example "Monday, 3 August", with its year if that is over. */
export function formatDay(date: string | number, today: number): string {
  const days = daysAgo(date, today);
  if (days <= 0) return "Today"; // also if the clock of this device is slow
  if (days === 1) return "Yesterday";
  const isThisYear = new Date(date).getFullYear() === new Date(today).getFullYear();
  const year = isThisYear ? undefined : "numeric";
  return new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year }).format(
    new Date(date),
  );
}

/** Heading of the group that a date belongs to: "Today", "Yesterday", "Last 7 days", "Last 30 days", or the month. */
export function ageGroup(date: string, today: number): string {
  const days = daysAgo(date, today);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  if (days <= 7) return "Last 7 days";
  if (days <= 30) return "Last 30 days";
  return new Intl.DateTimeFormat(undefined, { month: "long", year: "numeric" }).format(new Date(date));
}
