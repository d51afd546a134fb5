import { render, screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { Boundary } from "../../../app/ui/ErrorBoundary.tsx";

function Broken(): never {
  throw new Error("A fault of ours.");
}

test("what fails to be shown is replaced, and what stands beside it stays", () => {
  vi.spyOn(console, "error").mockImplementation(() => {}); // where React says so too
  render(
    <>
      <p>Beside</p>
      <Boundary instead={<p>Instead</p>}>
        <Broken />
      </Boundary>
    </>,
  );
  expect(screen.getByText("Instead")).toBeDefined();
  expect(screen.getByText("Beside")).toBeDefined();
});
