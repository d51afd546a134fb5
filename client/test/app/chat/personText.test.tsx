import { fireEvent, render, screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { PersonText } from "../../../app/chat/PersonText.tsx";

const isFolded = () => document.querySelector("[data-folded]") !== null;

test.each([
  ["of many lines", "line\n".repeat(40)],
  ["in one line", "word ".repeat(500)],
])("a long text %s is folded, and unfolds", (_, text) => {
  render(<PersonText>{text}</PersonText>);
  expect(isFolded()).toBe(true);
  fireEvent.click(screen.getByRole("button", { name: "Show all", expanded: false }));
  expect(isFolded()).toBe(false);
  fireEvent.click(screen.getByRole("button", { name: "Show less", expanded: true }));
  expect(isFolded()).toBe(true);
  expect(document.querySelector(".text")?.textContent).toBe(text);
});

test("a short text is shown as it is", () => {
  render(<PersonText>{"line\n".repeat(10)}</PersonText>);
  expect(isFolded()).toBe(false);
  expect(screen.queryByRole("button")).toBeNull();
});
