import { act, render, renderHook } from "@testing-library/react";
import { type ComponentType, type ReactNode, Suspense } from "react";
import { Provider } from "urql";
import { afterEach, beforeEach, expect, test } from "vitest";
import WebSocket from "ws";
import type { TwotrackClient } from "../../src/apollo/index.ts";
import { createTwotrackClient as createUrqlClient } from "../../src/urql/index.ts";
import { eventually, quiet } from "../bindings/harness.tsx";
import { TestServer } from "../server.ts";
import { shown } from "./page.ts";
import { writeSnippets } from "./snippets.ts";

const FOLDER = "test/readme/dist/recipes"; // ignored by git
writeSnippets(FOLDER);
const load = <Module,>(name: string): Promise<Module> => import(/* @vite-ignore */ `./dist/recipes/${name}`);

let server: TestServer;
let client: TwotrackClient;
let wrapper: ComponentType<{ children: ReactNode }>;

beforeEach(async () => {
  server = await TestServer.start();
  const { createTwotrackClient } = await import("../../src/apollo/index.ts");
  const { ApolloProvider } = await import("@apollo/client/react");
  client = createTwotrackClient({ url: server.url, fetch: server.fetch, webSocketImpl: WebSocket });
  wrapper = ({ children }) => <ApolloProvider client={client}>{children}</ApolloProvider>;
});
afterEach(async () => {
  client.stop();
  await server.stop();
});

test("suspense.tsx suspends for the first fetch alone", async () => {
  server.add({ status: "STREAMING", content: "Once" });
  const { Chat } = await load<{ Chat: ComponentType<{ id: string }> }>("suspense.tsx");
  const page = (
    <Suspense fallback={<p>Loading</p>}>
      <Chat id="chat-1" />
    </Suspense>
  );
  const { unmount } = await act(async () => render(page, { wrapper }));
  await eventually(() => [...server.live].sort(), ["MessageStream message-1", "Sync chat-1"]);
  server.holding.add("Chat");
  server.add({ content: "Hello" });
  server.touch();
  await eventually(() => server.held.length, 1);
  await quiet(50);
  expect(document.body.textContent).toBe("Once"); // while it refetches
  server.held[0]?.release();
  await eventually(shown, ["Once", "Hello"]);
  server.frame("message-1", { content: "The end", status: "COMPLETE" });
  await eventually(shown, ["The end", "Hello"]);
  unmount();
});

interface Sending {
  readonly unsent: readonly { key: string; content: string; error?: string }[];
  send(content: string): Promise<void>;
  retry(unsent: Sending["unsent"][number]): Promise<void>;
}

test("optimistic.tsx shows a message until it is sent, and repeats it with the same key", async () => {
  const { useOptimisticSend } = await load<{ useOptimisticSend: (chatId: string) => Sending }>("optimistic.tsx");
  const { result, unmount } = renderHook(() => useOptimisticSend("chat-1"), { wrapper });
  server.holding.add("SendMessage");
  act(() => void result.current.send("Hello"));
  await eventually(() => server.held.length, 1);
  expect(result.current.unsent).toMatchObject([{ content: "Hello" }]);
  const key = result.current.unsent[0]?.key;
  server.held[0]?.fail();
  await eventually(() => typeof result.current.unsent[0]?.error, "string");
  expect(result.current.unsent).toMatchObject([{ key, content: "Hello" }]);
  act(() => void result.current.retry(result.current.unsent[0] as Sending["unsent"][number]));
  await eventually(() => server.held.length, 2);
  server.held[1]?.release();
  await eventually(() => result.current.unsent, []);
  unmount();
});

interface History {
  readonly messages: { readonly edges: readonly { readonly node: { readonly content: string } }[] } | undefined;
  readonly older: (() => unknown) | undefined;
}

test("older.tsx keeps the history, and shows what is edited in it", async () => {
  for (let number = 1; number <= 40; number++) server.add({ content: `${number}` });
  const { useHistory } = await load<{ useHistory: (id: string) => History }>("older.tsx");
  const { result, unmount } = renderHook(() => useHistory("chat-1"), { wrapper });
  const read = () => result.current.messages?.edges.map(({ node }) => node.content);
  await eventually(() => read()?.length, 30);
  await act(async () => void (await result.current.older?.()));
  await eventually(() => read()?.length, 40);
  server.frame("message-1", { content: "1, edited" });
  server.remove("message-2");
  server.add({ id: "message-41", content: "41" });
  server.touch();
  await eventually(() => read()?.at(-1), "41");
  expect(read()?.slice(0, 2)).toEqual(["1, edited", "3"]);
  expect(read()).toHaveLength(40);
  expect(server.count("Chat")).toBe(3);
  unmount();
});

test("urql-older.tsx loads the whole history, and keeps it", async () => {
  for (let number = 1; number <= 110; number++) server.add({ content: `${number}` });
  const { useHistory } = await load<{ useHistory: (id: string) => History }>("urql-older.tsx");
  const urql = createUrqlClient({ url: server.url, fetch: server.fetch, webSocketImpl: WebSocket });
  const { result, unmount } = renderHook(() => useHistory("chat-1"), {
    wrapper: ({ children }) => <Provider value={urql}>{children}</Provider>,
  });
  const read = () => result.current.messages?.edges.length;
  for (const count of [30, 60, 110]) {
    await eventually(read, count);
    act(() => result.current.older?.());
  }
  await eventually(() => result.current.older, undefined);
  server.add({ content: "111" });
  server.touch();
  await eventually(read, 111);
  expect(result.current.messages?.edges[0]?.node.content).toBe("1");
  unmount();
  urql.connection.close();
});
