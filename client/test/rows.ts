/** The rows of the test server, and the pages that queries cut out of them. */

export interface Row {
  id: string;
  revision: number;
  status: "STREAMING" | "COMPLETE" | "STOPPED" | "FAILED";
  streaming: boolean;
  error: { code: string; message: string } | null;
}

interface Named {
  __typename: "User";
  id: string;
  name: string;
}

export interface Message extends Row {
  __typename: "Message";
  chatId: string;
  author: { id: string; name: string; createdAt: string } | null;
  role: "USER" | "ASSISTANT";
  content: string;
  reasoning: string | null;
  model: string | null;
  finishReason: string | null;
  activity: string | null;
  usage: { inputTokens: number; outputTokens: number } | null;
  version: number;
  versions: { __typename: "MessageVersion"; number: number }[];
  regeneratedBy: Named | null;
  stoppedBy: Named | null;
  editedAt: string | null;
  createdAt: string;
  updatedAt: string;
}

/** A second streamed model, which the client package does not know. */
export interface Note extends Row {
  __typename: "Note";
  title: string;
  body: string;
}

const NOW = "2026-01-01T00:00:00Z";
export const CHAT = "chat-1";
export const NOTEBOOK = "notebook-1";
export const ADA = { __typename: "User", id: "user-1", name: "Ada", createdAt: NOW };

export function newMessage(fields: Partial<Message> & { id: string }): Message {
  return {
    __typename: "Message",
    chatId: CHAT,
    author: null,
    role: "ASSISTANT",
    content: "",
    reasoning: null,
    ...newRow(fields),
    model: null,
    finishReason: null,
    activity: null,
    usage: null,
    version: 1,
    versions: [{ __typename: "MessageVersion", number: 1 }],
    regeneratedBy: null,
    stoppedBy: null,
    editedAt: null,
    createdAt: NOW,
    updatedAt: NOW,
    ...fields,
  };
}

export function newNote(fields: Partial<Note> & { id: string }): Note {
  return { __typename: "Note", title: "", body: "", ...newRow(fields), ...fields };
}

function newRow({ id, status }: Partial<Row> & { id: string }): Row {
  return { id, status: "COMPLETE", streaming: status === "STREAMING", error: null, revision: 1 };
}

export function chatOf({ title, revision, rows }: { title: string; revision: number; rows: Message[] }) {
  return {
    __typename: "Chat",
    id: CHAT,
    title,
    assistant: "ALWAYS",
    owner: ADA,
    participants: [ADA],
    revision,
    createdAt: NOW,
    updatedAt: NOW,
    messages: (args: PageArguments) => page(rows, args, revision),
  };
}

export function notebookOf({ revision, rows }: { revision: number; rows: Note[] }) {
  return {
    __typename: "Notebook",
    id: NOTEBOOK,
    revision,
    notes: (args: PageArguments) => page(rows, args, revision),
  };
}

interface PageArguments {
  first?: number;
  after?: string;
  last?: number;
  before?: string;
}

function page(rows: Row[], args: PageArguments, revision: number) {
  if (Math.max(args.first ?? 0, args.last ?? 0) > 100) throw new Error("At most 100.");
  const start = args.after ? rows.findIndex((row) => row.id === args.after) + 1 : 0;
  const end = args.before ? rows.findIndex((row) => row.id === args.before) : rows.length;
  const first = args.first !== undefined ? Math.min(end, start + args.first) : end;
  const from = args.first !== undefined ? start : Math.max(start, end - (args.last ?? 30));
  const edges = rows.slice(from, first);
  return {
    revision,
    edges: edges.map((node) => ({ cursor: node.id, node })),
    pageInfo: {
      hasPreviousPage: from > 0,
      hasNextPage: first < rows.length,
      startCursor: edges[0]?.id ?? null,
      endCursor: edges.at(-1)?.id ?? null,
    },
  };
}
