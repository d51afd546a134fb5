import { render, renderHook, screen } from "@testing-library/react";
import { Client, cacheExchange, gql, type TypedDocumentNode } from "@urql/core";
import { Suspense } from "react";
import { Provider, useQuery } from "urql";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import WebSocket from "ws";
import { type Connection, createConnection } from "../../src/core/index.ts";
import { createTwotrackClient, twotrackExchange } from "../../src/urql/index.ts";
import { useConnection, useMessageStream, useSync } from "../../src/urql/react/index.ts";
import { behaves } from "../bindings/behaviour.tsx";
import { eventually, quiet, type Row } from "../bindings/harness.tsx";
import { urqlExisting } from "../bindings/urql.tsx";
import { TestServer } from "../server.ts";

behaves(urqlExisting);

let server: TestServer;
let connection: Connection;
let client: Client;

beforeEach(async () => {
  server = await TestServer.start();
  connection = createConnection({ url: server.url, fetch: server.fetch, webSocketImpl: WebSocket });
  client = new Client({ url: "/not-used", exchanges: [cacheExchange, twotrackExchange(connection)] });
});
afterEach(async () => {
  vi.restoreAllMocks();
  connection.close();
  await server.stop();
});

const CHAT: TypedDocumentNode<{ chat: { messages: { revision: number; edges: { node: Row }[] } } }> = gql`
  query Chat {
    chat(id: "chat-1") { id messages(last: 30) { revision edges { node { id revision status streaming content } } } }
  }
`;

let suspensions = 0;
function Waiting() {
  suspensions++;
  return <p>Loading</p>;
}
function Page() {
  const [{ data }, execute] = useQuery({ query: CHAT });
  const messages = data?.chat.messages;
  useSync(
    "chat-1",
    () => messages?.revision,
    () => execute({ requestPolicy: "network-only" }),
  );
  return messages?.edges.map(({ node }) => <Bubble key={node.id} message={node} />);
}
function Bubble({ message }: { message: Row }) {
  const { content, streaming } = useMessageStream(message);
  return <article aria-busy={streaming}>{content}</article>;
}
test("a client with `suspense` shows a reply while it streams, and suspends only for the first fetch", async () => {
  server.add({ status: "STREAMING", content: "Once" });
  const suspending = createTwotrackClient({
    url: server.url,
    fetch: server.fetch,
    webSocketImpl: WebSocket,
    suspense: true,
  });
  const { unmount } = render(
    <Provider value={suspending}>
      <Suspense fallback={<Waiting />}>
        <Page />
      </Suspense>
    </Provider>,
  );
  await screen.findByText("Loading");
  await eventually(() => [...server.live].sort(), ["MessageStream message-1", "Sync chat-1"]);
  const first = suspensions;
  const texts = () => screen.queryAllByRole("article").map((bubble) => bubble.textContent);
  server.frame("message-1", { content: "Once upon" });
  await eventually(texts, ["Once upon"]);
  server.add({ content: "Hello" });
  server.touch();
  await eventually(texts, ["Once upon", "Hello"]);
  server.frame("message-1", { content: "The end", status: "COMPLETE" });
  await eventually(texts, ["The end", "Hello"]);
  expect(suspensions).toBe(first);
  expect(screen.queryByText("Loading")).toBeNull();
  unmount();
  suspending.connection.close();
});

test("createTwotrackClient passes urql's own options through", async () => {
  const seen: unknown[] = [];
  const fetch: typeof globalThis.fetch = (url, init) => {
    seen.push(new Headers(init?.headers).get("x-app"));
    return server.fetch(url, init);
  };
  const own = createTwotrackClient({
    url: server.url,
    fetch,
    webSocketImpl: WebSocket,
    fetchOptions: { headers: { "x-app": "shop" } },
    requestPolicy: "network-only",
  });
  await own.query(CHAT, {}).toPromise();
  await own.query(CHAT, {}).toPromise();
  expect(seen).toEqual(["shop", "shop"]);
  own.connection.close();
});

describe("hooks", () => {
  test("take a client, and need no provider", async () => {
    const row = server.add({ status: "STREAMING", content: "Once" });
    const refetch = vi.fn();
    const { result, unmount } = renderHook(() => {
      useSync("chat-1", 0, refetch, { client });
      return { live: useMessageStream(row, { client }), connection: useConnection({ client }) };
    });
    await eventually(() => server.live.length, 2);
    server.frame("message-1", { content: "Once upon" });
    await eventually(() => result.current.live.content, "Once upon");
    await eventually(() => refetch.mock.calls.length > 0, true);
    expect(result.current.connection).toEqual({ status: "open", transport: "websocket" });
    unmount();
  });

  test("skip, and accept an object that is not there", async () => {
    const row = server.add({ status: "STREAMING", content: "Once" });
    const initialProps: { message: typeof row | undefined; skip: boolean } = { message: row, skip: true };
    const { result, rerender, unmount } = renderHook(
      ({ message, skip }) => {
        useSync("chat-1", 1, () => {}, { client, skip });
        return useMessageStream(message, { client, skip });
      },
      { initialProps },
    );
    await quiet(100);
    expect(server.operations).toEqual([]);
    expect(result.current?.content).toBe("Once");
    rerender({ message: row, skip: false });
    await eventually(() => [...server.live].sort(), ["MessageStream message-1", "Sync chat-1"]);
    rerender({ message: undefined, skip: false });
    expect(result.current).toBeUndefined();
    await eventually(() => [...server.live], ["Sync chat-1"]);
    unmount();
  });

  test("without a client say what to do", () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    expect(() => renderHook(() => useConnection())).toThrow("use a Provider, or pass the client");
  });
});
