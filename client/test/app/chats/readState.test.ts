import { describe, expect, test } from "vitest";
import type { Looked } from "../../../app/chats/readMarks.ts";
import { hasMoved, lookedAt, stateOf } from "../../../app/chats/readState.ts";
import type { GlanceFragment } from "../../../app/documents.ts";

const ANN = "ann";
const BOB = "bob";

function message(id: string, minute: number, by: string | null, streaming = false): GlanceFragment {
  return { id, streaming, createdAt: `2026-11-22T10:0${minute}:00Z`, author: by === null ? null : { id: by } };
}

const question = message("question", 1, ANN);
const reply = message("reply", 2, null);
const writing = { ...reply, streaming: true };

describe("to whoever looked at a question and its finished reply", () => {
  const looked = lookedAt(7, [question, reply], undefined);

  test("nothing is news", () => {
    expect(stateOf([question, reply], looked, ANN)).toBe("read");
  });

  test("somebody else's message is", () => {
    expect(stateOf([reply, message("hello", 3, BOB)], looked, ANN)).toBe("news");
  });

  test("their own, from another device, is not", () => {
    expect(stateOf([reply, message("hello", 3, ANN)], looked, ANN)).toBe("read");
  });

  test("a message that was deleted is not", () => {
    expect(stateOf([message("earlier", 0, BOB), question], looked, ANN)).toBe("read");
  });
});

describe("to whoever left while the reply was being written", () => {
  const looked = lookedAt(7, [question, writing], undefined);

  test("it is no news until it is finished", () => {
    expect(stateOf([question, writing], looked, ANN)).toBe("writing");
    expect(stateOf([question, reply], looked, ANN)).toBe("news");
  });

  test("it is none once they have come back and seen it", () => {
    expect(stateOf([question, reply], lookedAt(7, [question, reply], looked), ANN)).toBe("read");
  });

  test("it is worth asking for, although the chat has not moved", () => {
    const chat = { id: "chat", title: "", revision: 7, updatedAt: "" };
    expect(hasMoved(chat, { chats: { chat: looked } })).toBe(true);
    expect(hasMoved(chat, { chats: { chat: lookedAt(7, [question, reply], looked) } })).toBe(false);
  });
});

describe("a chat that was never opened here", () => {
  const chat = { id: "chat", title: "", revision: 7, updatedAt: "2026-11-22T10:05:00Z" };

  test("is no news to a browser that sees the list for the first time", () => {
    expect(hasMoved(chat, { chats: {} })).toBe(false);
    expect(hasMoved(chat, { since: chat.updatedAt, chats: {} })).toBe(false);
  });

  test("is news if somebody wrote in it since", () => {
    const none: Looked | undefined = undefined;
    expect(hasMoved(chat, { since: "2026-11-22T10:04:00Z", chats: {} })).toBe(true);
    expect(stateOf([message("hello", 5, BOB)], none, ANN)).toBe("news");
    expect(stateOf([], none, ANN)).toBe("read");
  });
});
