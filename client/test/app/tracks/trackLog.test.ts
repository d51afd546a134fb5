import { expect, test } from "vitest";
import { MAX_ENTRIES, TrackLog } from "../../../app/tracks/trackLog.ts";
import type { ReceivedResult } from "../../../src/core/index.ts";

function received(source: ReceivedResult["source"], data: Record<string, unknown>): ReceivedResult {
  const durationMs = source === "response" ? 45 : undefined;
  return { source, operation: "Any", variables: {}, result: { data }, durationMs };
}

const event = (id: string, revision: number) => received("subscription", { sync: { id, revision, deleted: false } });

const frame = (id: string, revision: number, content: string, streaming = true) =>
  received("subscription", { messageStream: { id, revision, content, streaming } });

test("the sync track has the events, and the fetches that followed from them", () => {
  const log = new TrackLog();
  log.add(received("response", { chat: { id: "chat-1", messages: { revision: 4 } } }), 1_000);
  log.add(event("chat-1", 5), 2_000);
  log.add(event("viewer-1", 9), 2_500);
  log.add(received("response", { chat: { id: "chat-1", messages: { revision: 6 } } }), 3_000);
  log.add(received("response", { viewer: { id: "viewer-1", chats: { revision: 9 } } }), 4_000);
  log.add(received("response", { chat: { id: "chat-1", links: [] } }), 5_000); // no rows
  log.add(received("response", { sendMessage: { message: { id: "message-1" } } }), 6_000);
  expect(log.tracks().sync).toMatchObject([
    { kind: "fetched", id: "viewer-1", revision: 9, after: 9, time: 4_000, durationMs: 45 },
    { kind: "fetched", id: "chat-1", revision: 6, after: 5 },
    { kind: "event", id: "viewer-1", revision: 9, isDeleted: false },
    { kind: "event", id: "chat-1", revision: 5 },
    { kind: "fetched", id: "chat-1", revision: 4, after: undefined },
  ]);
  expect(log.tracks().stream).toEqual([]);
});

test("the stream track has each frame with its bytes, and the time since the last of its message", () => {
  const log = new TrackLog();
  log.add(frame("message-1", 1, "é"), 1_000);
  log.add(frame("message-2", 1, ""), 1_100);
  log.add(frame("message-1", 2, "éé", false), 1_350);
  const [last, other, first] = log.tracks().stream;
  expect(last).toMatchObject({ id: "message-1", revision: 2, gapMs: 350, isLast: true });
  expect(other).toMatchObject({ id: "message-2", gapMs: undefined, isLast: false });
  expect((last?.bytes ?? 0) - (first?.bytes ?? 0)).toBe("é".length * 2 + "false".length - "true".length);
});

test("an endless stream pushes out its own oldest frames, and no sync event", () => {
  const log = new TrackLog();
  log.add(event("chat-1", 1));
  for (let revision = 1; revision <= 3 * MAX_ENTRIES; revision++) log.add(frame("message-1", revision, ""));
  const { sync, stream } = log.tracks();
  expect(sync).toHaveLength(1);
  expect(stream).toHaveLength(MAX_ENTRIES);
  expect(stream[0]?.revision).toBe(3 * MAX_ENTRIES);
});
