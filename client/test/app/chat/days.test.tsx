import { act, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { MessageRows } from "../../../app/chat/MessageRows.tsx";

vi.mock("../../../app/chat/Bubble.tsx", () => ({ Bubble: ({ message }: { message: Row }) => <p>{message.id}</p> }));

interface Row {
  readonly id: string;
  readonly createdAt: string;
}

const HOUR = 3_600_000;
const EVENING = new Date(2026, 7, 20, 23, 59, 30); // a Thursday, in the time zone of this machine

beforeEach(() => void vi.useFakeTimers({ now: EVENING }));
afterEach(() => void vi.useRealTimers());

/** A message that was written so many days before the evening, at this hour. */
function row(id: string, days: number, hour = 12): Row {
  return { id, createdAt: new Date(2026, 7, 20 - days, hour).toISOString() };
}

interface Options {
  readonly most?: number;
  readonly firstNew?: string;
  readonly hasUnsent?: boolean;
}

function rows(messages: readonly Row[], { most = 100, firstNew, hasUnsent = false }: Options = {}) {
  const edges = messages.map((node) => ({ node })) as never;
  return <MessageRows edges={edges} most={most} viewerId="ann" firstNew={firstNew} hasUnsent={hasUnsent} />;
}

/** What is shown, from top to bottom. */
const shown = () => [...document.querySelectorAll("p, [role=separator]")].map(({ textContent }) => textContent);

const longDate = (days: number, year?: "numeric") =>
  new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long", year }).format(
    EVENING.getTime() - days * 24 * HOUR,
  );

test("a divider says where a day begins, in the reader's words for it", () => {
  render(rows([row("a", 240), row("b", 3), row("c", 1, 0), row("d", 1, 23), row("e", 0, 0)]));
  expect(shown()).toEqual([longDate(240, "numeric"), "a", longDate(3), "b", "Yesterday", "c", "d", "Today", "e"]);
  expect(screen.getByRole("separator", { name: "Yesterday" })).toBeDefined();
});

test("a chat of today has no dates", () => {
  render(rows([row("a", 0), row("b", 0)]));
  expect(shown()).toEqual(["a", "b"]);
});

test("older messages that are loaded take the divider of their day with them", () => {
  const { rerender } = render(rows([row("c", 1), row("d", 0)]));
  expect(shown()).toEqual(["Yesterday", "c", "Today", "d"]);
  rerender(rows([row("a", 2), row("b", 1, 2), row("c", 1), row("d", 0)]));
  expect(shown()).toEqual([longDate(2), "a", "Yesterday", "b", "c", "Today", "d"]);
});

test("the first rows that are painted show no date that the messages above them have", () => {
  render(rows([row("a", 1), row("b", 1), row("c", 0)], { most: 2 }));
  expect(shown()).toEqual(["b", "Today", "c"]);
});

test("the first unread message comes after the date of its day", () => {
  render(rows([row("a", 1), row("b", 0), row("c", 0)], { firstNew: "b" }));
  expect(shown()).toEqual(["Yesterday", "a", "Today", "New", "b", "c"]);
});

test("at midnight the dates change without a reload, and a message that is being sent is of the new day", () => {
  render(rows([row("a", 1), row("b", 0)], { hasUnsent: true }));
  expect(shown()).toEqual(["Yesterday", "a", "Today", "b"]);
  act(() => void vi.advanceTimersByTime(60_000));
  expect(shown()).toEqual([longDate(1), "a", "Yesterday", "b", "Today"]);
  act(() => void vi.advanceTimersByTime(24 * HOUR));
  expect(shown()).toEqual([longDate(1), "a", longDate(0), "b", "Today"]);
});
