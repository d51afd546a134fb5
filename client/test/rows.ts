/** What the test server keeps, and the part of it that a page asks for. */

export interface Message {
  __typename: "Message";
  id: string;
  chatId: string;
  author: { id: string; name: string; createdAt: string } | null;
  role: "USER" | "ASSISTANT";
  content: string;
  reasoning: string | null;
  status: "STREAMING" | "COMPLETE" | "STOPPED" | "FAILED";
  streaming: boolean;
  error: { code: string; message: string } | null;
  revision: number;
  model: string | null;
  finishReason: string | null;
  usage: { inputTokens: number; outputTokens: number } | null;
  createdAt: string;
  updatedAt: string;
}

const NOW = "2026-01-01T00:00:00Z";
export const CHAT = "chat-1";
export const ADA = { __typename: "User", id: "user-1", name: "Ada", createdAt: NOW };

export function newMessage(fields: Partial<Message> & { id: string }): Message {
  return {
    __typename: "Message",
    chatId: CHAT,
    author: null,
    role: "ASSISTANT",
    content: "",
    reasoning: null,
    status: "COMPLETE",
    streaming: fields.status === "STREAMING",
    error: null,
    revision: 1,
    model: null,
    finishReason: null,
    usage: null,
    createdAt: NOW,
    updatedAt: NOW,
    ...fields,
  };
}

export function chatOf({ title, revision, rows }: { title: string; revision: number; rows: Message[] }) {
  return {
    __typename: "Chat",
    id: CHAT,
    title,
    owner: ADA,
    participants: [ADA],
    revision,
    createdAt: NOW,
    updatedAt: NOW,
    messages: (window: Window) => page(rows, window, revision),
  };
}

interface Window {
  first?: number;
  after?: string;
  last?: number;
  before?: string;
}

function page(rows: Message[], args: Window, revision: number) {
  const start = args.after ? rows.findIndex((row) => row.id === args.after) + 1 : 0;
  const end = args.before ? rows.findIndex((row) => row.id === args.before) : rows.length;
  const first = args.first !== undefined ? Math.min(end, start + args.first) : end;
  const from = args.first !== undefined ? start : Math.max(start, end - (args.last ?? 30));
  const window = rows.slice(from, first);
  return {
    revision,
    edges: window.map((node) => ({ cursor: node.id, node })),
    pageInfo: {
      hasPreviousPage: from > 0,
      hasNextPage: first < rows.length,
      startCursor: window[0]?.id ?? null,
      endCursor: window.at(-1)?.id ?? null,
    },
  };
}
