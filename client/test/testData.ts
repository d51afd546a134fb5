/** What the test server serves: its schema, its rows, and the events of their subscribers. */

import { readFileSync } from "node:fs";
import { buildSchema, extendSchema, GraphQLError, parse } from "graphql";
import { Channel } from "./channel.ts";
import { ADA, CHAT, chatOf, type Message, NOTEBOOK, type Note, newMessage, newNote, notebookOf } from "./rows.ts";

/** The real schema, and a second streamed model in a list of its own. */
export const schema = extendSchema(
  buildSchema(readFileSync("../schema.graphql", "utf8")),
  parse(`
    type Note implements Node & Streamed {
      id: ID!
      revision: Int!
      status: StreamStatus!
      streaming: Boolean!
      error: StreamError
      title: String!
      body: String!
    }
    type NoteEdge { node: Note! cursor: String! }
    type NoteConnection { revision: Int! edges: [NoteEdge!]! pageInfo: PageInfo! }
    type Notebook implements Node {
      id: ID!
      revision: Int!
      notes(first: Int, after: String, last: Int, before: String): NoteConnection!
    }
    extend type Query { note(id: ID!): Note notebook: Notebook }
    extend type Subscription { noteStream(id: ID!): Note! }
  `),
);

interface SyncEvent {
  id: string;
  revision: number;
  deleted: boolean;
}

/** By the subscription's field. A function throws when graphql-js resolves it. */
type StreamEvent = Record<string, object | (() => never)>;

export class TestData {
  readonly messages: Message[] = [];
  readonly notes: Note[] = [];
  title = "A chat";
  /** The revision of the chat, and of the notebook. */
  revision = 1;
  /** Whether the chat was deleted. */
  deleted = false;
  /** Withholds sync events, like a slow bus. */
  silent = false;
  /** The id of the message that was sent earlier under the next idempotency key. */
  sent: string | undefined;
  /** The idempotency keys of all sent messages. */
  readonly keys: string[] = [];
  /** The subscriptions that are live on a socket or stream now, by name and id. */
  readonly live: string[] = [];
  readonly #streams = new Map<string, Set<Channel<StreamEvent>>>();
  readonly #syncs = new Map<string, Set<Channel<{ sync: SyncEvent }>>>();

  // What other clients and the worker do to the rows

  add(fields: Partial<Message> = {}): Message {
    const message = newMessage({ id: `message-${this.messages.length + 1}`, ...fields });
    this.messages.push(message);
    return message;
  }

  addNote(fields: Partial<Note> = {}): Note {
    const note = newNote({ id: `note-${this.notes.length + 1}`, ...fields });
    this.notes.push(note);
    return note;
  }

  /** A change on the sync track: raises the revision of the chat and the notebook, and announces it. */
  touch(): void {
    this.revision++;
    for (const id of [CHAT, NOTEBOOK]) this.announce({ id, revision: this.revision, deleted: false });
  }

  announce(event: SyncEvent): void {
    if (this.silent) return;
    for (const channel of this.#syncs.get(event.id) ?? []) channel.push({ sync: event });
  }

  /** Sends the next frame of a row's stream: the whole row with the next revision. */
  frame(id: string, fields: Partial<Message> & Partial<Omit<Note, "__typename">> = {}): void {
    const rows = this.#rowsWith(id);
    const index = rows.findIndex((row) => row.id === id);
    const known = rows[index] as Message;
    const row = { ...known, revision: known.revision + 1, ...fields };
    row.streaming = row.status === "STREAMING";
    rows[index] = row;
    for (const channel of this.#channelsOf(id)) {
      channel.push({ [fieldOf(id)]: row });
      if (!row.streaming) channel.end();
    }
  }

  remove(id: string): void {
    const rows = this.#rowsWith(id);
    rows.splice(
      rows.findIndex((row) => row.id === id),
      1,
    );
    for (const channel of this.#channelsOf(id)) {
      channel.push({ [fieldOf(id)]: notFound });
      channel.end();
    }
  }

  /** Ends the streams of a row although it is still streaming. */
  completeEarly(id: string): void {
    for (const channel of this.#channelsOf(id)) channel.end();
  }

  // The roots of the schema

  protected root() {
    return {
      node: ({ id }: { id: string }) => this.#node(id),
      chat: ({ id }: { id: string }) => (id === CHAT ? this.#node(id) : null),
      message: ({ id }: { id: string }) => this.messages.find((message) => message.id === id) ?? null,
      note: ({ id }: { id: string }) => this.notes.find((note) => note.id === id) ?? null,
      notebook: () => this.#node(NOTEBOOK),
      sendMessage: ({ input }: { input: { content: string; reply?: boolean | null; idempotencyKey: string } }) => {
        this.keys.push(input.idempotencyKey);
        const sent = this.messages.find((message) => message.id === this.sent);
        if (sent) return { message: sent, reply: null, chat: this.#node(CHAT) };
        const message = this.add({ role: "USER", content: input.content, author: ADA });
        const reply = input.reply !== false ? this.add({ status: "STREAMING" }) : null;
        this.touch();
        return { message, reply, chat: this.#node(CHAT) };
      },
    };
  }

  protected subscriptions() {
    return {
      messageStream: ({ id }: { id: string }) => this.#stream(id, "MessageStream"),
      noteStream: ({ id }: { id: string }) => this.#stream(id, "NoteStream"),
      sync: ({ ids: [id] }: { ids: string[] }) => {
        const channel = this.#open(this.#syncs, id as string, `Sync ${id}`);
        channel.push({ sync: { id: id as string, revision: this.revision, deleted: this.#node(id) === null } });
        return channel;
      },
    };
  }

  #node(id: string | undefined) {
    const { title, revision } = this;
    if (id === CHAT && !this.deleted) return chatOf({ title, revision, rows: [...this.messages] });
    if (id === NOTEBOOK) return notebookOf({ revision, rows: [...this.notes] });
    return null;
  }

  #rowsWith(id: string): (Message | Note)[] {
    return this.notes.some((note) => note.id === id) ? this.notes : this.messages;
  }

  #channelsOf(id: string): Channel<StreamEvent>[] {
    return [...(this.#streams.get(id) ?? [])];
  }

  #stream(id: string, name: string): Channel<StreamEvent> {
    const row = this.#rowsWith(id).find((row) => row.id === id);
    const channel = this.#open(this.#streams, id, `${name} ${id}`);
    channel.push({ [fieldOf(id)]: row ?? notFound });
    if (!row?.streaming) channel.end();
    return channel;
  }

  #open<Event>(channels: Map<string, Set<Channel<Event>>>, id: string, name: string): Channel<Event> {
    const subscribers = channels.get(id) ?? new Set();
    channels.set(id, subscribers);
    this.live.push(name);
    const channel = new Channel<Event>(() => {
      subscribers.delete(channel);
      this.live.splice(this.live.indexOf(name), 1);
    });
    subscribers.add(channel);
    return channel;
  }
}

function fieldOf(id: string): string {
  return id.startsWith("note-") ? "noteStream" : "messageStream";
}

/** Deleted, or not accessible to the viewer: resolves to `data: null` and an error. */
function notFound(): never {
  throw new GraphQLError("Not found, or you do not have access to it.", { extensions: { code: "NOT_FOUND" } });
}
