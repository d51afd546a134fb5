import { readFileSync } from "node:fs";
import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { buildSchema, parse, print, validate } from "graphql";
import { expect, test } from "vitest";
import { LiveMessageFragmentDoc } from "../../src/core/documents.ts";
import { streamDocuments } from "../../src/core/stream.ts";

const schema = buildSchema(readFileSync("../schema.graphql", "utf8"));
const fragment = (source: string) => parse(source) as TypedDocumentNode<unknown, unknown>;

test("the default documents are valid, and ask for everything that moves", () => {
  const { subscription } = streamDocuments();
  expect(validate(schema, subscription)).toEqual([]);
  for (const field of ["id", "revision", "status", "streaming", "content", "reasoning", "usage", "error"])
    expect(print(subscription)).toContain(field);
});

test("a team's fragment gets the fields that following needs", () => {
  const {
    subscription,
    fragment: made,
    fragmentName,
  } = streamDocuments(fragment("fragment Mine on Message { content }"));
  expect(validate(schema, subscription)).toEqual([]);
  expect(fragmentName).toBe("Mine");
  for (const field of ["id", "revision", "status", "streaming", "content"]) expect(print(made)).toContain(field);
});

test("a team's fragment may spread ours", () => {
  const theirs = fragment(
    `fragment Mine on Message { ...LiveMessage author { name } }\n${print(LiveMessageFragmentDoc)}`,
  );
  expect(validate(schema, streamDocuments(theirs).subscription)).toEqual([]);
});

test("the documents of a fragment are made once", () => {
  const mine = fragment("fragment Mine on Message { content }");
  expect(streamDocuments(mine)).toBe(streamDocuments(mine));
});

test("a fragment on something else is refused with a sentence", () => {
  expect(() => streamDocuments(fragment("fragment Mine on Chat { title }"))).toThrow(/fragment on Message/);
  const unparsed = "fragment Mine on Message { content }" as unknown as ReturnType<typeof fragment>;
  expect(() => streamDocuments(unparsed)).toThrow(/fragment on Message: gql`/);
});
