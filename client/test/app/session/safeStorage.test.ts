import { expect, test } from "vitest";
import { SafeStorage } from "../../../app/session/safeStorage.ts";

const full = {
  getItem: () => "old",
  setItem: () => {
    throw new DOMException("The quota has been exceeded.", "QuotaExceededError");
  },
  removeItem: () => {},
} as unknown as Storage;

test("a value that exceeds the quota is kept in memory", () => {
  const storage = new SafeStorage(() => full);
  storage.set("key", "new");
  expect(storage.get("key")).toBe("new");
  storage.set("key", null);
  expect(storage.get("key")).toBe("old"); // the stored value again
});

test("values are kept in memory if the browser denies access to its storage", () => {
  const storage = new SafeStorage(() => {
    throw new DOMException("The operation is insecure.", "SecurityError");
  });
  expect(storage.get("key")).toBeNull();
  storage.set("key", "value");
  expect(storage.get("key")).toBe("value");
  storage.set("key", null);
  expect(storage.get("key")).toBeNull();
});
