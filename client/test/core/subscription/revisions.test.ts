import { expect, expectTypeOf, test } from "vitest";
import { useStream as useApolloStream } from "../../../src/apollo/react/index.ts";
import { type LiveMessage, type LiveObject, type StreamStatus, supersedes } from "../../../src/core/index.ts";
import { useStream as useUrqlStream } from "../../../src/urql/react/index.ts";

enum Status {
  Streaming = "STREAMING",
  Complete = "COMPLETE",
}

interface Row {
  id: string;
  revision: number;
  streaming: boolean;
}

test("a live object keeps the types of its own fields, and may have those of its stream", () => {
  type Live = LiveObject<Row & { status: Status }, LiveMessage>;
  expectTypeOf<Live["status"]>().toEqualTypeOf<Status>();
  expectTypeOf<Live["content"]>().toEqualTypeOf<string | undefined>();
});

test("a live object may have the status that every stream selects", () => {
  expectTypeOf<LiveObject<Row, { body: string }>["status"]>().toEqualTypeOf<StreamStatus | undefined>();
});

test("useStream returns the object with the fields of the definition, in every binding", () => {
  type Live = LiveObject<Row & { title: string }, { body: string }>;
  expectTypeOf(useApolloStream<Row & { title: string }, { body: string }>).returns.toEqualTypeOf<Live>();
  expectTypeOf(useUrqlStream<Row & { title: string }, { body: string }>).returns.toEqualTypeOf<Live>();
});

test.each([
  ["a greater revision", 3, true],
  ["the same revision", 2, true],
  ["a lower revision", 1, false],
])("a version with %s compared with revision 2", (_, revision, expected) => {
  expect(supersedes({ id: "1", revision }, { id: "1", revision: 2 })).toBe(expected);
});
