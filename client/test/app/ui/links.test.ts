import { expect, test } from "vitest";
import { isKnownPath, linkFromAddress } from "../../../app/ui/paths.ts";

test.each([
  ["/l", "#twotrackread_x", { role: "reader", token: "twotrackread_x" }],
  ["/l", "#twotrackjoin_x", { role: "participant", token: "twotrackjoin_x" }],
  ["/l", "", { role: "other", token: "" }],
  ["/l", "#twotrack_x", { role: "other", token: "twotrack_x" }],
  ["/", "#twotrackread_x", undefined],
  ["/c/x", "#twotrackjoin_x", undefined],
])("%s%s", (pathname, hash, link) => {
  expect(linkFromAddress({ pathname, hash })).toEqual(link);
});

test("a page knows the addresses of the start page, of chats and of links", () => {
  expect(["/", "/l", "/c/x", "/c/%E0%A4%A"].filter(isKnownPath)).toHaveLength(4);
  expect(["/c/", "/c/x/y", "/settings", "//", "/index.html"].filter(isKnownPath)).toEqual([]);
});
