import { afterEach, beforeEach, expect, test } from "vitest";
import WebSocket from "ws";
import { chatQuestion, listQuestion } from "../../../app/chats/queries.ts";
import { type Early, takeEarlyAnswers } from "../../../app/preload/fillCache.ts";
import { createTwotrackClient, type TwotrackClient } from "../../../src/apollo/index.ts";

const LIST = {
  viewer: {
    __typename: "Viewer",
    id: "viewer-1",
    email: "ann@example.com",
    user: { __typename: "User", id: "user-1", name: "Ann" },
    chats: {
      __typename: "ChatConnection",
      revision: 1,
      edges: [],
      pageInfo: {
        __typename: "PageInfo",
        hasPreviousPage: false,
        hasNextPage: false,
        startCursor: null,
        endCursor: null,
      },
    },
  },
};
const NO_CHAT = { chat: null };

let client: TwotrackClient;

beforeEach(() => {
  localStorage.setItem("twotrack.token", "ann's");
  client = createTwotrackClient({ url: "http://127.0.0.1:1/graphql", webSocketImpl: WebSocket });
});
afterEach(() => {
  client.stop();
  delete window.early;
  localStorage.clear();
});

const asked = (answers: Partial<Early>) => {
  const list = Promise.resolve({ data: LIST });
  window.early = { token: "ann's", list, chat: undefined, chatId: undefined, ...answers };
};
const known = () => client.readQuery(listQuestion)?.viewer?.email;
const knownChat = () => client.readQuery(chatQuestion("chat-1"))?.chat;

test("what was answered early is there when the page looks for it", async () => {
  asked({ chat: Promise.resolve({ data: NO_CHAT }), chatId: "chat-1" });
  await takeEarlyAnswers(client);
  expect(known()).toBe("ann@example.com");
  expect(knownChat()).toBeNull();
});

test("without early answers, the page finds nothing and asks by itself", async () => {
  await takeEarlyAnswers(client);
  expect(known()).toBeUndefined();
});

test("an answer that did not come, or is an error, leaves the other one as it is", async () => {
  asked({ list: Promise.resolve(undefined), chat: Promise.resolve({ data: NO_CHAT }), chatId: "chat-1" });
  await takeEarlyAnswers(client);
  expect(known()).toBeUndefined();
  expect(knownChat()).toBeNull();

  asked({ chat: Promise.resolve({ data: NO_CHAT, errors: [{ message: "no" }] }), chatId: "chat-2" });
  await takeEarlyAnswers(client);
  expect(known()).toBe("ann@example.com");
  expect(client.readQuery(chatQuestion("chat-2"))).toBeNull();
});

test("a token that signs nobody in is for the page to find out", async () => {
  asked({ list: Promise.resolve({ data: { viewer: null } }) });
  await takeEarlyAnswers(client);
  expect(client.readQuery(listQuestion)).toBeNull();
});

test("answers to somebody who is not signed in any more are nobody's", async () => {
  asked({ token: "bob's" });
  await takeEarlyAnswers(client);
  expect(known()).toBeUndefined();
});
