import { renderHook } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { useConnectionStatus } from "../../src/react/useConnectionStatus.ts";

test("a client that is not ours is named as what is wrong", () => {
  vi.spyOn(console, "error").mockImplementation(() => {}); // React tells the console as well
  expect(() => renderHook(() => useConnectionStatus(undefined))).toThrow(/createTwotrackClient/);
  vi.restoreAllMocks();
});
