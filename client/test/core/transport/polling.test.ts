import { describe, expect, test } from "vitest";
import { messageStream } from "../../../src/core/subscription/messageStream.ts";
import { type Ask, pollFor } from "../../../src/core/transport/polling.ts";
import type { Payload, Result } from "../../../src/core/transport/transport.ts";

const NOTES = { type: "Note", field: "noteStream", poll: "note" };
const MESSAGE = "subscription M($id: ID!) { messageStream(id: $id) { id revision } }";
const NOTE = "subscription N($id: ID!) { live: noteStream(id: $id) { id ...Body } } fragment Body on Note { body }";
const SYNC = 'subscription S { sync(ids: ["chat-1", "note-1"]) { id revision deleted } }';

/** Polls once with a server that gives these answers in order, then the last one again. */
async function poll(query: string, ...answers: Result[]): Promise<{ results: Result[]; queries: string[] }> {
  const queries: string[] = [];
  const ask: Ask = async (payload: Payload) => {
    queries.push(payload.query.replace(/\s+/g, " "));
    return (answers.length > 1 ? answers.shift() : answers[0]) as Result;
  };
  const round = pollFor({ query, variables: { id: "1" } }, [messageStream, NOTES]);
  return { results: (await round?.(ask)) ?? [], queries };
}

describe("a stream is polled", () => {
  test("by the query field of its definition, under the subscription's own alias", async () => {
    const { queries } = await poll(NOTE, { data: { live: { id: "1", body: "Once" } } });
    expect(queries).toEqual([
      "query N($id: ID!) { live: note(id: $id) { ... on Note { id ...Body } } } fragment Body on Note { body }",
    ]);
  });

  test.each([
    [MESSAGE, "messageStream", "Message not found, or you do not have access to it."],
    [NOTE, "live", "Note not found, or you do not have access to it."],
  ])("and NOT_FOUND if the object is gone", async (query, key, message) => {
    const { results } = await poll(query, { data: { [key]: null } });
    expect(results).toEqual([{ data: null, errors: [{ message, extensions: { code: "NOT_FOUND" } }] }]);
  });

  test("and passed on without a field that the server could not read", async () => {
    const errors = [{ message: "…", extensions: { code: "INTERNAL", reason: "UNREADABLE" } }];
    const data = { messageStream: { id: "1", revision: 1 } };
    expect((await poll(MESSAGE, { data, errors })).results).toEqual([{ data }]);
  });

  test("only if the client knows its definition", () => {
    expect(pollFor({ query: NOTE }, [messageStream])).toBeUndefined();
  });
});

describe("sync is polled", () => {
  const node = (fields: object | null) => ({ data: { node: fields } }) as Result;

  test("by the revision of each object, whose type the server is asked for once", async () => {
    const queries: string[] = [];
    const ask: Ask = async ({ query, variables }) => {
      queries.push(`${variables?.id}: ${query}`);
      if (query.includes("__typename")) return node({ __typename: variables?.id === "chat-1" ? "Chat" : "Note" });
      return node({ revision: 7 });
    };
    const round = pollFor({ query: SYNC }, []);
    const results = [await round?.(ask), await round?.(ask)];
    const event = (id: string) => ({ data: { sync: { __typename: "SyncEvent", id, revision: 7, deleted: false } } });
    expect(results).toEqual([
      [event("chat-1"), event("note-1")],
      [event("chat-1"), event("note-1")],
    ]);
    expect(queries.filter((query) => query.includes("__typename"))).toHaveLength(2);
    expect(queries).toContain("note-1: query Revision($id: ID!) { node(id: $id) { ... on Note { revision } } }");
  });

  test("and deleted if there is no such object", async () => {
    const { results } = await poll(SYNC, node(null));
    expect(results.map(({ data }) => data?.sync)).toEqual([
      { __typename: "SyncEvent", id: "chat-1", revision: 0, deleted: true },
      { __typename: "SyncEvent", id: "note-1", revision: 0, deleted: true },
    ]);
  });

  test("and passes an error on", async () => {
    const errors = [{ message: "Later.", extensions: { code: "RATE_LIMITED" } }];
    const { results } = await poll(SYNC, { errors });
    expect(results).toEqual([{ errors }, { errors }]);
  });
});

test.each([MESSAGE, NOTE, SYNC])("a proxy's JSON is an error, and not a deleted object: %s", async (query) => {
  await expect(poll(query, { message: "Service Unavailable" } as Result)).rejects.toThrow("not a GraphQL result");
});
