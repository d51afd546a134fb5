import { afterEach, beforeEach, expect, test } from "vitest";
import WebSocket from "ws";
import { chatQuery } from "../../../app/chat/queries.ts";
import { chatListQuery } from "../../../app/chats/queries.ts";
import { fillCache, type Preloaded } from "../../../app/preload/fillCache.ts";
import { createTwotrackClient, type TwotrackClient } from "../../../src/apollo/index.ts";

const CHAT_LIST = {
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
  delete window.preloaded;
  localStorage.clear();
});

const preloaded = (responses: Partial<Preloaded>) => {
  const chatList = Promise.resolve({ data: CHAT_LIST });
  window.preloaded = { token: "ann's", chatList, chat: undefined, chatId: undefined, ...responses };
};
const cachedEmail = () => client.readQuery(chatListQuery)?.viewer?.email;
const cachedChat = () => client.readQuery(chatQuery("chat-1"))?.chat;

test("preloaded responses are in the cache", async () => {
  preloaded({ chat: Promise.resolve({ data: NO_CHAT }), chatId: "chat-1" });
  await fillCache(client);
  expect(cachedEmail()).toBe("ann@example.com");
  expect(cachedChat()).toBeNull();
});

test("without preloaded responses the cache is empty", async () => {
  await fillCache(client);
  expect(cachedEmail()).toBeUndefined();
});

test("a missing response or one with errors is skipped, and the other one is used", async () => {
  preloaded({ chatList: Promise.resolve(undefined), chat: Promise.resolve({ data: NO_CHAT }), chatId: "chat-1" });
  await fillCache(client);
  expect(cachedEmail()).toBeUndefined();
  expect(cachedChat()).toBeNull();

  preloaded({ chat: Promise.resolve({ data: NO_CHAT, errors: [{ message: "no" }] }), chatId: "chat-2" });
  await fillCache(client);
  expect(cachedEmail()).toBe("ann@example.com");
  expect(client.readQuery(chatQuery("chat-2"))).toBeNull();
});

test("a response without a viewer is skipped: the page finds out that the token is invalid", async () => {
  preloaded({ chatList: Promise.resolve({ data: { viewer: null } }) });
  await fillCache(client);
  expect(client.readQuery(chatListQuery)).toBeNull();
});

test("responses for a token that is no longer stored are skipped", async () => {
  preloaded({ token: "bob's" });
  await fillCache(client);
  expect(cachedEmail()).toBeUndefined();
});
