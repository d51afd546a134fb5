import { readFileSync } from "node:fs";
import type { TypedDocumentNode } from "@graphql-typed-document-node/core";
import { buildSchema, extendSchema, parse, print, validate } from "graphql";
import { describe, expect, expectTypeOf, test } from "vitest";
import { LiveMessageFragmentDoc } from "../../../src/core/documents.ts";
import { defineStream, withFragment } from "../../../src/core/subscription/defineStream.ts";
import { messageStream } from "../../../src/core/subscription/messageStream.ts";

const schema = extendSchema(
  buildSchema(readFileSync("../schema.graphql", "utf8")),
  parse(`
    type Note implements Node & Streamed {
      id: ID! revision: Int! status: StreamStatus! streaming: Boolean! error: StreamError body: String!
    }
    extend type Query { note(id: ID!): Note }
    extend type Subscription { noteStream(id: ID!): Note! }
  `),
);
const fragment = <Live = unknown>(source: string) => parse(source) as TypedDocumentNode<Live, unknown>;
const note = { type: "Note", field: "noteStream", poll: "note" } as const;

describe("a defined stream", () => {
  const notes = defineStream({ ...note, fragment: fragment<{ body: string }>("fragment LiveNote on Note { body }") });

  test("subscribes to its field with the fragment and the fields that every stream needs", () => {
    expect(validate(schema, notes.subscription)).toEqual([]);
    expect(print(notes.subscription)).toBe(
      `subscription NoteStream($id: ID!) {
  noteStream(id: $id) {
    ...LiveNote
  }
}

fragment LiveNote on Note {
  id
  revision
  status
  streaming
  body
}`,
    );
    expect(notes.fragmentName).toBe("LiveNote");
  });

  test("does not select a required field twice", () => {
    const { fragment: complete } = defineStream({
      ...note,
      fragment: fragment("fragment LiveNote on Note { status body id }"),
    });
    expect(print(complete)).toBe("fragment LiveNote on Note {\n  revision\n  streaming\n  status\n  body\n  id\n}");
  });

  test("selects id and revision to compare a stored object with a frame", () => {
    expect(print(notes.revisionFragment)).toBe("fragment NoteRevision on Note {\n  id\n  revision\n}");
  });

  test("carries the fragment's type", () => {
    expectTypeOf(notes.subscription).toEqualTypeOf<
      TypedDocumentNode<Readonly<Record<string, { body: string }>>, { id: string }>
    >();
  });

  test.each([
    ["another type", fragment("fragment Mine on Chat { title }")],
    ["a string instead of a document", "fragment Mine on Note { body }" as unknown as ReturnType<typeof fragment>],
  ])("cannot be made with a fragment on %s", (_, wrong) => {
    expect(() => defineStream({ ...note, fragment: wrong })).toThrow(
      "noteStream needs a fragment on Note: gql`fragment Name on Note { … }`.",
    );
  });
});

describe("the stream of messages", () => {
  test("is valid and selects every field that can change while a reply streams", () => {
    expect(validate(schema, messageStream.subscription)).toEqual([]);
    for (const field of ["id", "revision", "status", "streaming", "content", "reasoning", "usage", "error"])
      expect(print(messageStream.subscription)).toContain(field);
  });

  test("takes another fragment, which may spread the default one", () => {
    const mine = fragment(
      `fragment Mine on Message { ...LiveMessage author { name } }\n${print(LiveMessageFragmentDoc)}`,
    );
    expect(validate(schema, withFragment(messageStream, mine).subscription)).toEqual([]);
  });

  test("makes the documents of a fragment once", () => {
    const mine = fragment("fragment Mine on Message { content }");
    expect(withFragment(messageStream, mine)).toBe(withFragment(messageStream, mine));
  });
});
