/** What every binding must do, whatever its cache is like. */

import { describe } from "vitest";
import type { Binding } from "./harness.tsx";
import { streamsNotes } from "./notes.tsx";
import { reconnects } from "./reconnecting.tsx";
import { sends } from "./sending.tsx";
import { streams } from "./streaming.tsx";
import { syncs } from "./syncing.tsx";

export function behaves(binding: Binding): void {
  describe(binding.name, () => {
    // Each in a describe of its own, which keeps its hooks apart from the others'.
    describe("streaming", () => streams(binding));
    describe("syncing", () => syncs(binding));
    describe("reconnecting", () => reconnects(binding));
    describe("sending", () => sends(binding));
    describe("another model", () => streamsNotes(binding));
  });
}
