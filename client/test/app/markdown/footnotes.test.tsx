import { fireEvent, render } from "@testing-library/react";
import { expect, test } from "vitest";
import { Markdown } from "../../../app/markdown/Markdown.tsx";

const TEXT =
  "One[^b], two[^a] and one again[^b].\n\n[^a]: Not *first*.\n[^b]: Is first.\n\n    - with a list\n[^c]: Unused.\n";

test("footnotes have the numbers of their first references, and stand where they were written", () => {
  const { container } = render(<Markdown text={TEXT} isStreaming={false} />);
  expect(container.querySelector("p")?.textContent).toBe("One1, two2 and one again1.");
  const notes = [...container.querySelectorAll(".footnote")].map(({ textContent }) => textContent?.trim());
  expect(notes).toEqual(["2 Not first. \u21a9\ufe0e", expect.stringMatching(/^1 Is first\./), "c Unused."]);
});

test("links lead to a footnote and back, and the address stays", () => {
  const { getAllByRole, getByRole } = render(<Markdown text={TEXT} isStreaming={false} />);
  const [first] = getAllByRole("link", { name: "Footnote 1" });
  const address = location.href;
  fireEvent.click(first as HTMLElement);
  expect(document.activeElement?.closest(".footnote")?.textContent).toContain("Is first.");
  fireEvent.click(getByRole("link", { name: "Back to reference 1, place 2" }));
  expect(document.activeElement).toBe(getAllByRole("link", { name: "Footnote 1" })[1]);
  expect(location.href).toBe(address);
});

test("anchors of two messages differ", () => {
  const { container } = render(
    <>
      <Markdown text={TEXT} isStreaming={false} />
      <Markdown text={TEXT} isStreaming={false} />
    </>,
  );
  const ids = [...container.querySelectorAll("[id]")].map(({ id }) => id);
  expect(ids).toHaveLength(10);
  expect(new Set(ids).size).toBe(10);
});

test("while a text grows, its footnotes are shown with their names", () => {
  const { container, rerender } = render(<Markdown text={TEXT} isStreaming />);
  expect(container.querySelector(".footnote")?.textContent?.trim()).toBe("a Not first.");
  rerender(<Markdown text={TEXT} isStreaming={false} />);
  expect(container.querySelector(".footnote")?.textContent?.trim()).toMatch(/^2 Not first\./);
});
