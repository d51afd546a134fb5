import { ApolloProvider } from "@apollo/client/react";
import { renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import WebSocket from "ws";
import { outboxOf } from "../../../app/chat/outbox.ts";
import { useChat } from "../../../app/chat/useChat.ts";
import { ChatsDocument, type ChatsQuery } from "../../../app/documents.ts";
import { createTwotrackClient, type TwotrackClient } from "../../../src/apollo/index.ts";
import { TestServer } from "../../server.ts";

let server: TestServer;
let client: TwotrackClient;

vi.mock("../../../app/session/session.ts", () => ({ useSession: () => ({ client }) }));

beforeEach(async () => {
  server = await TestServer.start();
  client = createTwotrackClient({ url: server.url, fetch: server.fetch, webSocketImpl: WebSocket });
});
afterEach(async () => {
  client.stop();
  await server.stop();
});

/** Number of results that Apollo keeps for selections, such as rows and messages. */
const results = () => client.getMemoryInternals?.().sizes.inMemoryCache?.executeSelectionSet ?? 0;

async function openChat() {
  const wrapper = ({ children }: { children: ReactNode }) => (
    <ApolloProvider client={client}>{children}</ApolloProvider>
  );
  const page = renderHook(() => useChat("chat-1"), { wrapper });
  const shown = () => page.result.current.chat?.messages;
  await expect.poll(() => shown()?.revision).toBe(server.revision);
  return { ...page, shown };
}

test("ten refetches of a chat do not keep ten results of each row", async () => {
  for (let row = 0; row < 40; row++) server.add();
  const { shown } = await openChat();
  const before = results();
  for (let more = 0; more < 10; more++) {
    server.add();
    server.touch();
    await expect.poll(() => shown()?.revision).toBe(server.revision);
  }
  expect(shown()?.edges).toHaveLength(40);
  expect(server.count("Chat")).toBe(11);
  expect(results() - before).toBeLessThan(10 * 20); // a few per new row and per refetch, not one per row and refetch
});

test("leaving a chat frees the cached results and keeps the rows", async () => {
  server.add({ content: "Hello" });
  const { shown, unmount } = await openChat();
  expect(shown()?.edges).toHaveLength(1);
  expect(results()).toBeGreaterThan(0);
  unmount();
  expect(results()).toBe(0);
  const again = await openChat();
  expect(again.shown()?.edges).toHaveLength(1);
  expect(server.count("Chat")).toBe(1);
});

test("another user's message appears although the response to the viewer's own is late", async () => {
  const { shown } = await openChat();
  server.holding.add("Send");
  outboxOf({ client, user: undefined }).send("chat-1", "Mine");
  await expect.poll(() => server.held.length).toBe(1);
  server.add({ content: "Theirs" });
  server.touch();
  const contents = () => shown()?.edges.map(({ node }) => (node as unknown as { content: string }).content);
  await expect.poll(contents, { timeout: 8_000 }).toContain("Theirs");
  expect(server.held).toHaveLength(1);
}, 15_000);

test("a chat that turns out to be deleted is removed from the list", async () => {
  const { result } = await openChat();
  const summary = { id: "chat-1", title: "Tides", revision: 1, updatedAt: "2026-01-01T00:00:00Z" };
  const data = {
    viewer: {
      __typename: "Viewer",
      id: "viewer-1",
      email: "ada@example.com",
      user: { __typename: "User", id: "user-1", name: "Ada" },
      chats: {
        __typename: "ChatConnection",
        revision: 1,
        edges: [{ __typename: "ChatEdge", unreadCount: 0, replying: false, node: { __typename: "Chat", ...summary } }],
        pageInfo: { hasPreviousPage: false, hasNextPage: true, startCursor: "a", endCursor: "a" },
      },
    },
  };
  const list = { query: ChatsDocument, variables: { first: 30 } };
  client.writeQuery({ ...list, data: data as ChatsQuery });
  const listed = () => client.readQuery(list)?.viewer?.chats.edges;
  expect(listed()).toHaveLength(1);
  server.deleted = true;
  server.touch();
  await expect.poll(() => result.current.chat).toBe(null);
  expect(listed()).toHaveLength(0);
});
