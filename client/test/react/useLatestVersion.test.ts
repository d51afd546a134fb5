import { renderHook } from "@testing-library/react";
import { expect, test } from "vitest";
import { useLatestVersion } from "../../src/react/useLatestVersion.ts";

const version = (revision: number, content: string, id = "1") => ({ id, revision, content });

test("the greatest revision wins, whichever way it came, and never goes back", () => {
  const { result, rerender } = renderHook(({ message, heard }) => useLatestVersion(message, heard), {
    initialProps: { message: version(1, "one"), heard: undefined as ReturnType<typeof version> | undefined },
  });
  expect(result.current.content).toBe("one");
  rerender({ message: version(1, "one"), heard: version(3, "three") });
  expect(result.current.content).toBe("three");
  rerender({ message: version(2, "two"), heard: undefined });
  expect(result.current.content).toBe("three");
  rerender({ message: version(4, "four"), heard: version(3, "three") });
  expect(result.current.content).toBe("four");
});

test("another message starts anew, whatever its revision", () => {
  const { result, rerender } = renderHook(({ message }) => useLatestVersion(message, undefined), {
    initialProps: { message: version(5, "five") },
  });
  rerender({ message: version(1, "other", "2") });
  expect(result.current).toEqual(version(1, "other", "2"));
});

test("what was not heard is taken from the row", () => {
  const row = { ...version(1, "one"), author: "Ada" };
  const { result } = renderHook(() => useLatestVersion(row, version(2, "two") as unknown as typeof row));
  expect(result.current).toEqual({ ...row, revision: 2, content: "two" });
});
