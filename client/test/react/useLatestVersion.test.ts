import { renderHook } from "@testing-library/react";
import { expect, test } from "vitest";
import { useLatestVersion } from "../../src/react/useLatestVersion.ts";

const version = (revision: number, content: string, id = "1") => ({ id, revision, content });

test("the greatest revision is kept, from whichever source it came", () => {
  const { result, rerender } = renderHook(({ message, received }) => useLatestVersion(message, received), {
    initialProps: { message: version(1, "one"), received: undefined as ReturnType<typeof version> | undefined },
  });
  expect(result.current.content).toBe("one");
  rerender({ message: version(1, "one"), received: version(3, "three") });
  expect(result.current.content).toBe("three");
  rerender({ message: version(2, "two"), received: undefined });
  expect(result.current.content).toBe("three");
  rerender({ message: version(4, "four"), received: version(3, "three") });
  expect(result.current.content).toBe("four");
});

test("another object is shown whatever its revision", () => {
  const { result, rerender } = renderHook(({ message }) => useLatestVersion(message, undefined), {
    initialProps: { message: version(5, "five") },
  });
  rerender({ message: version(1, "other", "2") });
  expect(result.current).toEqual(version(1, "other", "2"));
});

test("fields that the latest version lacks are taken from the given object", () => {
  const row = { ...version(1, "one"), author: "Ada" };
  const { result } = renderHook(() => useLatestVersion(row, version(2, "two") as unknown as typeof row));
  expect(result.current).toEqual({ ...row, revision: 2, content: "two" });
});
