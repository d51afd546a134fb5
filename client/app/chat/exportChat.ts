/** Saves all messages of a chat as a file, which the browser makes from the pages that it fetches. Loaded when needed. */

import type { TwotrackClient } from "@twotrack/client/apollo";
import { type BubbleFragment, ChatDocument, OlderMessagesDocument } from "../documents.ts";
import { MAX_PAGE_SIZE } from "./queries.ts";

export type ExportFormat = "md" | "json";

const MIME_TYPES: Readonly<Record<ExportFormat, string>> = { md: "text/markdown", json: "application/json" };

/** What a file needs of a chat. */
export interface ExportedChat {
  readonly id: string;
  readonly title: string;
  readonly participants: readonly { readonly name: string }[];
}

type Message = Pick<
  BubbleFragment,
  "role" | "author" | "createdAt" | "editedAt" | "status" | "error" | "model" | "content" | "reasoning"
>;

export async function exportChat(client: TwotrackClient, chat: ExportedChat, format: ExportFormat): Promise<void> {
  const messages = await allMessages(client, chat.id);
  const write = format === "md" ? asMarkdown : asJson;
  download(`${fileName(chat.title)}.${format}`, write(chat, messages, new Date()), MIME_TYPES[format]);
}

/** Fetched without the cache, so that the page does not grow. */
async function allMessages(client: TwotrackClient, id: string): Promise<Message[]> {
  const last = MAX_PAGE_SIZE;
  const fetchPolicy = "no-cache";
  const { data } = await client.query({ query: ChatDocument, variables: { id, last }, fetchPolicy });
  const messages: Message[] = [];
  for (let page = data?.chat?.messages; ; ) {
    if (!page) throw new Error("The chat was not found. It was deleted, or you are no longer one of its participants.");
    messages.unshift(...page.edges.map(({ node }) => node));
    const { hasPreviousPage, startCursor: before } = page.pageInfo;
    if (!hasPreviousPage || !before) return messages;
    const older = await client.query({ query: OlderMessagesDocument, variables: { id, last, before }, fetchPolicy });
    page = older.data?.chat?.messages;
  }
}

const NOTES: Readonly<Partial<Record<Message["status"], string>>> = {
  STREAMING: "still being written",
  STOPPED: "stopped",
  FAILED: "failed",
};

export function asMarkdown(chat: ExportedChat, messages: readonly Message[], now: Date): string {
  const parts = messages.map((message) => {
    const { createdAt, editedAt, status, error, content } = message;
    const notes = [editedAt && `edited ${editedAt}`, NOTES[status], error?.message].filter(Boolean);
    return `**${nameOf(message)}**, ${[createdAt, ...notes].join(", ")}\n\n${withClosedFence(content)}`.trimEnd();
  });
  const names = chat.participants.map(({ name }) => name).join(", ");
  const head = `# ${chat.title || "Chat"}\n\nExported ${now.toISOString()}. Participants: ${names}.`;
  return `${[head, ...parts].join("\n\n---\n\n")}\n`;
}

export function asJson(chat: ExportedChat, messages: readonly Message[], now: Date): string {
  const exported = {
    title: chat.title,
    exportedAt: now.toISOString(),
    participants: chat.participants.map(({ name }) => name),
    messages: messages.map((message) => {
      const { role, createdAt, editedAt, status, error, model, content, reasoning } = message;
      const why = error === null ? null : error.message;
      return { name: nameOf(message), role, createdAt, editedAt, status, error: why, model, content, reasoning };
    }),
  };
  return `${JSON.stringify(exported, null, 2)}\n`;
}

function nameOf({ author, role }: Message): string {
  return author?.name ?? (role === "ASSISTANT" ? "Assistant" : "Unknown user");
}

/** Closes a code block that a stopped reply has left open, which would contain the messages after it. */
function withClosedFence(text: string): string {
  let fence = "";
  for (const line of text.split("\n")) {
    const [, mark = "", rest = ""] = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line) ?? [];
    if (fence === "" && !(mark.startsWith("`") && rest.includes("`"))) fence = mark;
    else if (mark !== "" && mark.startsWith(fence) && rest.trim() === "") fence = "";
  }
  return fence === "" ? text : `${text}\n${fence}`;
}

const MAX_NAME_CHARACTERS = 80;

/** The title without what some file systems do not allow in a name. */
export function fileName(title: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are not allowed either
  const allowed = title.replace(/[\\/:*?"<>|\u0000-\u001f]+/g, " ").replace(/\s+/g, " ");
  return (
    [...allowed]
      .slice(0, MAX_NAME_CHARACTERS)
      .join("")
      .replace(/^[. ]+|[. ]+$/g, "") || "chat"
  );
}

function download(name: string, text: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url)); // after the browser has begun to read it
}
