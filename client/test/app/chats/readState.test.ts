import { describe, expect, test } from "vitest";
import type { ReadMark } from "../../../app/chats/readMarks.ts";
import { mayBeUnread, readMark, readState } from "../../../app/chats/readState.ts";
import type { LatestMessageFragment } from "../../../app/documents.ts";

const ANN = "ann";
const BOB = "bob";

function message(id: string, minute: number, by: string | null, streaming = false): LatestMessageFragment {
  return { id, streaming, createdAt: `2026-11-22T10:0${minute}:00Z`, author: by === null ? null : { id: by } };
}

const question = message("question", 1, ANN);
const reply = message("reply", 2, null);
const streaming = { ...reply, streaming: true };

describe("a user who has read a question and its finished reply", () => {
  const mark = readMark(7, [question, reply], undefined);

  test("has nothing unread", () => {
    expect(readState([question, reply], mark, ANN)).toBe("read");
  });

  test("has another user's newer message unread", () => {
    expect(readState([reply, message("hello", 3, BOB)], mark, ANN)).toBe("unread");
  });

  test("has read their own newer message from another device", () => {
    expect(readState([reply, message("hello", 3, ANN)], mark, ANN)).toBe("read");
  });

  test("has nothing unread when the reply is deleted", () => {
    expect(readState([message("earlier", 0, BOB), question], mark, ANN)).toBe("read");
  });
});

describe("a user who left while the reply was streaming", () => {
  const mark = readMark(7, [question, streaming], undefined);

  test("has it unread only when it is finished", () => {
    expect(readState([question, streaming], mark, ANN)).toBe("streaming");
    expect(readState([question, reply], mark, ANN)).toBe("unread");
  });

  test("has read it after returning to the chat", () => {
    expect(readState([question, reply], readMark(7, [question, reply], mark), ANN)).toBe("read");
  });

  test("needs the latest messages, although the chat's revision is unchanged", () => {
    const chat = { id: "chat", title: "", revision: 7, updatedAt: "" };
    expect(mayBeUnread(chat, { chats: { chat: mark } })).toBe(true);
    expect(mayBeUnread(chat, { chats: { chat: readMark(7, [question, reply], mark) } })).toBe(false);
  });
});

describe("a chat that was never opened in this browser", () => {
  const chat = { id: "chat", title: "", revision: 7, updatedAt: "2026-11-22T10:05:00Z" };

  test("counts as read on the first visit", () => {
    expect(mayBeUnread(chat, { chats: {} })).toBe(false);
    expect(mayBeUnread(chat, { since: chat.updatedAt, chats: {} })).toBe(false);
  });

  test("is unread if another user has written since the first visit", () => {
    const none: ReadMark | undefined = undefined;
    expect(mayBeUnread(chat, { since: "2026-11-22T10:04:00Z", chats: {} })).toBe(true);
    expect(readState([message("hello", 5, BOB)], none, ANN)).toBe("unread");
    expect(readState([], none, ANN)).toBe("read");
  });
});
