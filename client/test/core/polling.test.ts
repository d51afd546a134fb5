import { expect, test } from "vitest";
import { polling } from "../../src/core/polling.ts";

const MESSAGE = "subscription M($id: ID!) { messageStream(id: $id) { id revision } }";
const SYNC = 'subscription S { sync(ids: ["chat-1"]) { id revision deleted } }';

const asked = (query: string, answer: object) =>
  polling({ query, variables: { id: "message-1" } })?.(async () => answer);

test("a message that is not there is gone", async () => {
  const [result] = (await asked(MESSAGE, { data: { messageStream: null } })) ?? [];
  expect(result?.errors?.[0]?.extensions).toEqual({ code: "NOT_FOUND" });
});

test.each([MESSAGE, SYNC])("what a proxy says instead of the server is no answer: %s", async (query) => {
  await expect(asked(query, { message: "Service Unavailable" })).rejects.toThrow("no answer");
});
