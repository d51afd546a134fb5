import { createRequest, makeOperation } from "@urql/core";
import { expect, test } from "vitest";
import { fetchingLongPages } from "../../src/urql/longPages.ts";

const MESSAGES = `
  query Chat($id: ID!, $last: Int = 30, $before: String) { chat(id: $id) { id ...Messages } }
  fragment Messages on Chat {
    latest: messages(last: $last, before: $before) {
      revision edges { cursor node { id } } pageInfo { hasPreviousPage startCursor }
    }
  }
`;
const CHATS = `
  query Chats($count: Int!, $after: String) {
    viewer { ... on Viewer { chats(first: $count, after: $after) { edges { cursor } pageInfo { hasNextPage endCursor } } } }
  }
`;

type Variables = Record<string, unknown>;

/** What the server is asked for, and what it returns. */
function opened(document: string, variables: Variables, answer: (variables: Variables) => unknown) {
  const asked: Variables[] = [];
  const request = createRequest(document, variables);
  const operation = makeOperation("query", request, { url: "/graphql", requestPolicy: "network-only" });
  const fetch: typeof globalThis.fetch = async (_, init) => {
    const { variables } = JSON.parse(String(init?.body));
    asked.push(variables);
    const body = answer(variables);
    return new Response(typeof body === "string" ? body : JSON.stringify(body), {
      status: body === "busy" ? 502 : 200,
    });
  };
  const send = fetchingLongPages(operation, fetch);
  const execute = async () => {
    const response = await send("/graphql", { method: "POST", body: JSON.stringify({ query: document, variables }) });
    return response.text();
  };
  return { asked, execute, isSame: send === fetch };
}

/** Rows 1 to 260, of which the newest has the greatest number. The revision rises with each request. */
function rows({ last, before }: Variables, revision: number) {
  const end = before == null ? 260 : Number(before) - 1;
  const start = Math.max(0, end - Number(last));
  const edges = Array.from({ length: end - start }, (_, at) => ({ cursor: `${start + at + 1}` }));
  const pageInfo = { hasPreviousPage: start > 0, startCursor: edges[0]?.cursor ?? null };
  return { data: { chat: { id: "1", latest: { revision, edges, pageInfo } } } };
}

test("a long page is fetched 100 rows at a time, and is one result with the revision of the oldest response", async () => {
  let revision = 5;
  const { asked, execute } = opened(MESSAGES, { id: "1", last: 250 }, (variables) => rows(variables, revision++));
  const { latest } = JSON.parse(await execute()).data.chat;
  expect(asked.map(({ last, before }) => [last, before])).toEqual([
    [100, undefined],
    [100, "161"],
    [50, "61"],
  ]);
  expect(latest.edges.map(({ cursor }: { cursor: string }) => Number(cursor))).toEqual(
    Array.from({ length: 250 }, (_, at) => at + 11),
  );
  expect(latest).toMatchObject({ revision: 5, pageInfo: { hasPreviousPage: true, startCursor: "11" } });
});

test("the start of a list ends it", async () => {
  const { asked, execute } = opened(MESSAGES, { id: "1", last: 9_999 }, (variables) => rows(variables, 1));
  const { latest } = JSON.parse(await execute()).data.chat;
  expect(latest.edges).toHaveLength(260);
  expect(latest.pageInfo.hasPreviousPage).toBe(false);
  expect(asked).toHaveLength(3);
});

test("a list may grow at its end", async () => {
  const { asked, execute } = opened(CHATS, { count: 150 }, ({ count, after }) => {
    const start = Number(after ?? 0);
    const edges = Array.from({ length: Number(count) }, (_, at) => ({ cursor: `${start + at + 1}` }));
    return { data: { viewer: { chats: { edges, pageInfo: { hasNextPage: true, endCursor: edges.at(-1)?.cursor } } } } };
  });
  const { chats } = JSON.parse(await execute()).data.viewer;
  expect(asked.map(({ count, after }) => [count, after])).toEqual([
    [100, undefined],
    [50, "100"],
  ]);
  expect(chats.edges.map(({ cursor }: { cursor: string }) => cursor)).toEqual(
    Array.from({ length: 150 }, (_, at) => `${at + 1}`),
  );
  expect(chats.pageInfo).toEqual({ hasNextPage: true, endCursor: "150" });
});

test.each([
  ["an error", '{"errors":[{"message":"Later.","extensions":{"code":"RATE_LIMITED"}}],"data":null}'],
  ["a chat that was deleted meanwhile", '{"data":{"chat":null}}'],
  ["a proxy's page", "busy"],
])("%s is the result", async (_, answer) => {
  const { execute } = opened(MESSAGES, { id: "1", last: 250 }, (variables) =>
    variables.before === undefined ? rows(variables, 1) : answer,
  );
  expect(await execute()).toBe(answer);
});

test("a page that the server returns at once is left alone, and so is a document without a cursor", () => {
  expect(opened(MESSAGES, { id: "1", last: 100 }, () => "").isSame).toBe(true);
  expect(
    opened("query ($last: Int) { chat { messages(last: $last) { revision } } }", { last: 250 }, () => "").isSame,
  ).toBe(true);
  expect(opened(MESSAGES, { id: "1", last: 101 }, () => "").isSame).toBe(false);
});

test("without the cursor in pageInfo it says what to select", async () => {
  const document = MESSAGES.replace("hasPreviousPage startCursor", "hasPreviousPage");
  const { execute } = opened(document, { id: "1", last: 250 }, () => ({
    data: { chat: { latest: { edges: [{}], pageInfo: { hasPreviousPage: true } } } },
  }));
  await expect(execute()).rejects.toThrow("To fetch more than 100 rows, select pageInfo {");
});
