// @vitest-environment node
/** A value in the database that the server cannot read costs its field, not the page. */

import { ApolloClient, CombinedGraphQLErrors, gql, InMemoryCache } from "@apollo/client";
import { describe, expect, test } from "vitest";
import { twotrackLink } from "../../src/apollo/index.ts";
import { createConnection, QueryError } from "../../src/core/index.ts";

const CHAT = gql`
  query Chat {
    chat(id: "chat-1") {
      id
      model
    }
  }
`;
const CHAT_DATA = { chat: { __typename: "Chat", id: "chat-1", model: null } };

/** A server that answers each query with these errors beside its data. */
function answering(data: unknown, ...extensions: object[]) {
  const errors = extensions.map((extensions) => ({ message: "…", path: ["chat", "model"], extensions }));
  const fetch: typeof globalThis.fetch = async () =>
    new Response(JSON.stringify({ data, errors }), { headers: { "content-type": "application/json" } });
  const connection = createConnection({ url: "http://localhost/graphql", fetch });
  return { connection, client: new ApolloClient({ cache: new InMemoryCache(), link: twotrackLink(connection) }) };
}

const UNREADABLE = { code: "INTERNAL", requestId: "1", reason: "UNREADABLE" };

describe("an unreadable field", () => {
  test("leaves the rest of the page as it is", async () => {
    const { client, connection } = answering(CHAT_DATA, UNREADABLE, UNREADABLE);
    expect((await client.query({ query: CHAT })).data).toEqual(CHAT_DATA);
    expect(client.readQuery({ query: CHAT })).toEqual(CHAT_DATA);
    expect(await connection.query(CHAT)).toEqual(CHAT_DATA);
  });

  test.each([
    ["of another kind", CHAT_DATA, [UNREADABLE, { code: "INTERNAL", requestId: "1" }]],
    ["that takes the page with it", { chat: null }, [UNREADABLE]],
  ])("does not hide a failure %s", async (_, data, extensions) => {
    const { client, connection } = answering(data, ...extensions);
    await expect(client.query({ query: CHAT })).rejects.toThrow(CombinedGraphQLErrors);
    await expect(connection.query(CHAT)).rejects.toThrow(QueryError);
  });
});
