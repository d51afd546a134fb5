import { expect, test } from "vitest";
import { Kept } from "../../../app/session/safeStorage.ts";

const full = {
  getItem: () => "old",
  setItem: () => {
    throw new DOMException("The quota has been exceeded.", "QuotaExceededError");
  },
  removeItem: () => {},
} as unknown as Storage;

test("what there is no room for is kept in memory", () => {
  const kept = new Kept(() => full);
  kept.set("key", "new");
  expect(kept.get("key")).toBe("new");
  kept.set("key", null);
  expect(kept.get("key")).toBe("old"); // the storage's again
});

test("where nothing may be kept, the page goes on", () => {
  const kept = new Kept(() => {
    throw new DOMException("The operation is insecure.", "SecurityError");
  });
  expect(kept.get("key")).toBeNull();
  kept.set("key", "value");
  expect(kept.get("key")).toBe("value");
  kept.set("key", null);
  expect(kept.get("key")).toBeNull();
});
