import { describe, expect, test } from "vitest";
import { type Edge, mergePages, type Page } from "../../src/apollo/revisionedPagination.ts";

/** `rows("c d e", { of: "a b c d e" })`: a page of a list, as the server returns it. */
function rows(shown: string, { of, revision = 1 }: { of: string; revision?: number }): Page {
  const [names, all] = [shown.split(" ").filter(Boolean), of.split(" ")];
  return {
    revision,
    edges: names.map((name) => ({ node: { __ref: name } })),
    pageInfo: {
      hasPreviousPage: names[0] !== all[0],
      hasNextPage: names.at(-1) !== all.at(-1),
      startCursor: names[0] ?? null,
      endCursor: names.at(-1) ?? null,
    },
  };
}

const names = (window: Page) => window.edges?.map((edge) => edge.node.__ref).join(" ");

describe("a page with the newest rows", () => {
  test("keeps the older rows in front of it if they join", () => {
    const known = rows("a b c d e", { of: "a b c d e" });
    const joined = mergePages(known, rows("d e f", { of: "a b c d e f", revision: 2 }), {});
    expect(names(joined)).toBe("a b c d e f");
    expect(joined.revision).toBe(2);
    expect(joined.pageInfo).toMatchObject({ startCursor: "a", hasPreviousPage: false, endCursor: "f" });
  });

  test("keeps the edge objects that are equal to known ones, so that Apollo recomputes no result for them", () => {
    const known = rows("a b c", { of: "a b c" });
    const incoming = rows("b c d", { of: "a b c d", revision: 2 });
    const [b, c] = incoming.edges as [Edge, Edge];
    const joined = mergePages(known, { ...incoming, edges: [b, { ...c, cursor: "of c" }] }, {});
    expect(joined.edges?.[1]).toBe(known.edges?.[1]);
    expect(joined.edges?.[2]).toEqual({ ...c, cursor: "of c" });
  });

  test("drops the older rows if there would be a gap", () => {
    const known = rows("a b", { of: "a b" });
    const joined = mergePages(known, rows("e f", { of: "a b c d e f", revision: 2 }), {});
    expect(names(joined)).toBe("e f");
    expect(joined.pageInfo).toMatchObject({ startCursor: "e", hasPreviousPage: true });
  });

  test("removes the rows that were deleted", () => {
    const known = rows("a b c d", { of: "a b c d" });
    expect(names(mergePages(known, rows("b d", { of: "a b d", revision: 2 }), {}))).toBe("a b d");
    expect(names(mergePages(known, rows("a b c", { of: "a b c", revision: 2 }), {}))).toBe("a b c");
    expect(names(mergePages(known, rows("", { of: "", revision: 2 }), {}))).toBe("");
  });

  test("keeps the rows that a mutation added later, until the server returns them", () => {
    const known = rows("a b", { of: "a b", revision: 10 });
    const sent = { ...known, edges: [...(known.edges ?? []), { node: { __ref: "mine" }, addedAtRevision: 12 }] };
    const joined = mergePages(sent, rows("a b c", { of: "a b c", revision: 11 }), {});
    expect(names(joined)).toBe("a b c mine");
    expect(joined.pageInfo).toMatchObject({ endCursor: "c", hasNextPage: false });
    expect(names(mergePages(joined, rows("b c mine", { of: "a b c mine", revision: 12 }), {}))).toBe("a b c mine");
    expect(names(mergePages(joined, rows("b c d", { of: "a b c d", revision: 13 }), {}))).toBe("a b c d");
  });

  test("that was read before the shown rows is not used, and its revision makes the page refetch", () => {
    const known = rows("a b c", { of: "a b c", revision: 5 });
    const joined = mergePages(known, rows("a b", { of: "a b", revision: 4 }), {});
    expect(names(joined)).toBe("a b c");
    expect(joined.revision).toBe(4);
  });
});

describe("a page with older rows", () => {
  test("is put in front, and does not change the revision", () => {
    const known = rows("c d", { of: "a b c d", revision: 3 });
    const joined = mergePages(known, rows("a b", { of: "a b c d", revision: 4 }), { before: "c" });
    expect(names(joined)).toBe("a b c d");
    expect(joined.revision).toBe(3);
    expect(joined.pageInfo).toMatchObject({
      hasPreviousPage: false,
      hasNextPage: false,
      startCursor: "a",
      endCursor: "d",
    });
  });

  test("is dropped if the shown page has changed meanwhile", () => {
    const known = rows("x y", { of: "a b c x y", revision: 3 });
    expect(names(mergePages(known, rows("a b", { of: "a b c x y", revision: 3 }), { before: "c" }))).toBe("x y");
  });

  test("that is empty ends the history", () => {
    const known = { ...rows("c d", { of: "b c d" }) };
    const joined = mergePages(known, rows("", { of: "c d" }), { before: "c" });
    expect(names(joined)).toBe("c d");
  });
});

describe("a list that is ordered by activity", () => {
  test("accepts a row that has moved to the front", () => {
    const known = rows("a b c d e", { of: "a b c d e" });
    const joined = mergePages(known, rows("d a b", { of: "d a b c e", revision: 2 }), {});
    expect(names(joined)).toBe("d a b c e");
  });

  test("grows at its end", () => {
    const known = rows("a b", { of: "a b c d" });
    const joined = mergePages(known, rows("c d", { of: "a b c d" }), { after: "b" });
    expect(names(joined)).toBe("a b c d");
    expect(joined.pageInfo).toMatchObject({ hasNextPage: false, endCursor: "d" });
  });
});

test("a result without rows does not change the revision", () => {
  const known = rows("a b", { of: "a b", revision: 3 });
  expect(mergePages(known, { revision: 4 }, {})).toMatchObject({ revision: 3 });
});
