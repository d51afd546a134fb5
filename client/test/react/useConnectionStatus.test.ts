import { renderHook } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { useConnectionStatus } from "../../src/react/useConnectionStatus.ts";

test("a client without a connection is an error that names createTwotrackClient", () => {
  vi.spyOn(console, "error").mockImplementation(() => {}); // React logs the error as well
  expect(() => renderHook(() => useConnectionStatus(undefined))).toThrow(/createTwotrackClient/);
  vi.restoreAllMocks();
});
