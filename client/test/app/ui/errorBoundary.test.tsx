import { render, screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { ErrorBoundary } from "../../../app/ui/ErrorBoundary.tsx";

function Broken(): never {
  throw new Error("Rendering failed.");
}

test("children that fail to render are replaced by the fallback, and the rest of the page stays", () => {
  vi.spyOn(console, "error").mockImplementation(() => {}); // React logs the error, too
  render(
    <>
      <p>Beside</p>
      <ErrorBoundary fallback={<p>Fallback</p>}>
        <Broken />
      </ErrorBoundary>
    </>,
  );
  expect(screen.getByText("Fallback")).toBeDefined();
  expect(screen.getByText("Beside")).toBeDefined();
});
