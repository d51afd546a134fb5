// @vitest-environment node
/** A value in the database that the server cannot read costs its field, not the page. */

import { Client, cacheExchange } from "@urql/core";
import { expect, test } from "vitest";
import { createConnection } from "../../src/core/index.ts";
import { twotrackExchange } from "../../src/urql/index.ts";

const CHAT = { __typename: "Chat", id: "chat-1", model: null };
const UNREADABLE = { code: "INTERNAL", requestId: "1", reason: "UNREADABLE" };

async function ask(data: unknown, ...extensions: object[]) {
  const errors = extensions.map((extensions) => ({ message: "…", path: ["chat", "model"], extensions }));
  const fetch: typeof globalThis.fetch = async () =>
    new Response(JSON.stringify({ data, errors }), { headers: { "content-type": "application/json" } });
  const connection = createConnection({ url: "http://localhost/graphql", fetch });
  const client = new Client({ url: connection.url, exchanges: [cacheExchange, twotrackExchange(connection)] });
  return client.query('query Chat { chat(id: "chat-1") { id model } }', {}).toPromise();
}

test("an unreadable field is no error", async () => {
  const { data, error } = await ask({ chat: CHAT }, UNREADABLE, UNREADABLE);
  expect(data).toEqual({ chat: CHAT });
  expect(error).toBeUndefined();
});

test.each([
  ["an error of another kind", { chat: CHAT }, [UNREADABLE, { code: "INTERNAL" }]],
  ["a page that is missing", { chat: null }, [UNREADABLE]],
])("an unreadable field does not hide %s", async (_, data, extensions) => {
  const { error } = await ask(data, ...extensions);
  expect(error?.graphQLErrors).toHaveLength(extensions.length);
});
