import { expect, test, vi } from "vitest";
import { asJson, asMarkdown, exportChat, fileName } from "../../../app/chat/exportChat.ts";
import type { TwotrackClient } from "../../../src/apollo/index.ts";
import { ADA, CHAT, type Message, newMessage } from "../../rows.ts";

const NOW = new Date("2026-11-27T20:00:00Z");
const TIDES = { id: CHAT, title: "Tides", participants: [{ name: "Ada" }, { name: "Ben" }] };

const asked = (fields: Partial<Message> = {}) =>
  newMessage({ id: "1", role: "USER", author: ADA, content: "How do tides work?", ...fields });
const answered = (fields: Partial<Message>) => newMessage({ id: "2", content: "The Moon pulls.", ...fields });
const exported = (...messages: Message[]) => messages as unknown as Parameters<typeof asMarkdown>[1];

test("Markdown has the title, the participants, and each message with its name and time", () => {
  const time = "2026-01-01T00:00:00Z";
  expect(asMarkdown(TIDES, exported(asked(), answered({ status: "COMPLETE" })), NOW)).toBe(
    `# Tides

Exported 2026-11-27T20:00:00.000Z. Participants: Ada, Ben.

---

**Ada**, ${time}

How do tides work?

---

**Assistant**, ${time}

The Moon pulls.
`,
  );
});

test("Markdown says how a reply ended, and when a message was edited", () => {
  const failed = answered({ status: "FAILED", error: { code: "PROVIDER", message: "The provider refused." } });
  const text = asMarkdown(TIDES, exported(asked({ editedAt: "2026-01-02T00:00:00Z" }), failed), NOW);
  expect(text).toContain(", edited 2026-01-02T00:00:00Z\n\nHow do tides work?");
  expect(text).toContain(", failed, The provider refused.\n\nThe Moon pulls.");
});

test.each([
  ["```python\nx = 1", "```python\nx = 1\n```"],
  ["~~~~\n~~~\n```", "~~~~\n~~~\n```\n~~~~"],
  ["```\nx = 1\n```", "```\nx = 1\n```"],
  ["``` and `code`", "``` and `code`"],
])("a code block that a reply has left open does not contain the messages after it: %j", (content, closed) => {
  const text = asMarkdown(TIDES, exported(answered({ content, status: "STOPPED" }), asked()), NOW);
  expect(text).toContain(`, stopped\n\n${closed}\n\n---\n\n**Ada**`);
});

test("JSON has the text as it was written, and who wrote it when", () => {
  const { messages, ...chat } = JSON.parse(asJson(TIDES, exported(asked(), answered({ status: "STOPPED" })), NOW));
  expect(chat).toEqual({ title: "Tides", exportedAt: NOW.toISOString(), participants: ["Ada", "Ben"] });
  expect(messages).toMatchObject([
    { name: "Ada", role: "USER", content: "How do tides work?", createdAt: "2026-01-01T00:00:00Z" },
    { name: "Assistant", role: "ASSISTANT", content: "The Moon pulls.", status: "STOPPED", error: null },
  ]);
});

test.each([
  ["Tides", "Tides"],
  ["a/b\\c: <d>?\n", "a b c d"],
  ["..", "chat"],
  ["", "chat"],
  ["潮汐".repeat(100), "潮汐".repeat(40)],
])("the name of the file for a chat that is called %j", (title, name) => {
  expect(fileName(title)).toBe(name);
});

test("a chat that is gone is not saved", async () => {
  const query = vi.fn(async () => ({ data: { chat: null } }));
  const createObjectURL = vi.spyOn(URL, "createObjectURL");
  await expect(exportChat({ query } as unknown as TwotrackClient, TIDES, "md")).rejects.toThrow(
    "The chat was not found.",
  );
  expect(createObjectURL).not.toHaveBeenCalled();
});
