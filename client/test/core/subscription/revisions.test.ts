import { expectTypeOf, test } from "vitest";
import type { LiveMessage, LiveObject } from "../../../src/core/index.ts";

enum Status {
  Streaming = "STREAMING",
  Complete = "COMPLETE",
}

test("a message that is followed keeps the types of its own fields, and may have the stream's others", () => {
  type Mine = { id: string; revision: number; streaming: boolean; status: Status };
  expectTypeOf<LiveObject<Mine, LiveMessage>["status"]>().toEqualTypeOf<Status>();
  expectTypeOf<LiveObject<Mine, LiveMessage>["content"]>().toEqualTypeOf<string | undefined>();
});
