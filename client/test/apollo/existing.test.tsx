import { ApolloClient, ApolloLink, gql, InMemoryCache, type TypedDocumentNode } from "@apollo/client";
import { ApolloProvider, useFragment, useQuery } from "@apollo/client/react";
import { render, renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import WebSocket from "ws";
import { createTwotrackClient, revisioned, twotrackLink } from "../../src/apollo/index.ts";
import { useConnection, useMessageStream, useStream, useSync } from "../../src/apollo/react/index.ts";
import { type Connection, createConnection, defineStream } from "../../src/core/index.ts";
import { apolloExisting } from "../bindings/apollo.tsx";
import { behaves } from "../bindings/behaviour.tsx";
import { eventually, quiet } from "../bindings/harness.tsx";
import { TestServer } from "../server.ts";

behaves(apolloExisting);

let server: TestServer;
let connection: Connection;

beforeEach(async () => {
  server = await TestServer.start();
  connection = createConnection({ url: server.url, fetch: server.fetch, webSocketImpl: WebSocket });
});
afterEach(async () => {
  vi.restoreAllMocks();
  connection.close();
  await server.stop();
});

const clientOn = (options: Partial<ApolloClient.Options> = {}) =>
  new ApolloClient({ cache: revisioned(new InMemoryCache()), link: twotrackLink(connection), ...options });

const MESSAGE = { id: "message-1", revision: 1, streaming: true, content: "Once" };

const PARTS = gql`
  fragment Bubble on Message { id revision streaming ...Text }
  fragment Text on Message { content }
`;
const CHAT: TypedDocumentNode<{ chat: { messages: { edges: { node: { id: string } }[] } } }> = gql`
  query Chat { chat(id: "chat-1") { id messages(last: 30) { revision edges { node { id ...Bubble } } } } }
  ${PARTS}
`;
const LIVE: TypedDocumentNode<{ content: string }> = gql`
  fragment Live on Message { ...Text }
  fragment Text on Message { content }
`;

function Page() {
  const { data } = useQuery(CHAT);
  return data?.chat.messages.edges.map(({ node }) => <Bubble key={node.id} node={node} />);
}
function Bubble({ node }: { node: { id: string } }) {
  const from = { __typename: "Message", ...node };
  const fragment = PARTS as TypedDocumentNode<{ id: string; revision: number; streaming: boolean }>;
  const { data, complete } = useFragment({ fragment, fragmentName: "Bubble", from });
  const live = useMessageStream(complete ? data : undefined, { fragment: LIVE });
  return <article>{live?.content}</article>;
}

test("data masking hides nothing of a frame, not even in nested fragments", async () => {
  const warn = vi.spyOn(console, "warn");
  server.add({ status: "STREAMING", content: "Once" });
  const client = clientOn({ dataMasking: true });
  const { container, unmount } = render(<Page />, { wrapper: providerOf(client) });
  await eventually(() => container.textContent, "Once");
  server.frame("message-1", { content: "Once upon" });
  await eventually(() => container.textContent, "Once upon");
  server.frame("message-1", { content: "The end", status: "COMPLETE" });
  await eventually(() => container.textContent, "The end");
  expect(warn).not.toHaveBeenCalled();
  unmount();
  client.stop();
});

test("createTwotrackClient passes Apollo's own options and links through", async () => {
  const seen: (string | undefined)[] = [];
  const client = createTwotrackClient({
    url: server.url,
    fetch: server.fetch,
    webSocketImpl: WebSocket,
    cache: new InMemoryCache({ typePolicies: { Chat: { fields: { title: { read: () => "Own policy" } } } } }),
    link: new ApolloLink((operation, forward) => {
      seen.push(operation.operationName);
      return forward(operation);
    }),
    dataMasking: true,
    defaultOptions: { query: { fetchPolicy: "network-only" } },
    devtools: { enabled: false, name: "ours" },
  });
  const query = gql`
    query Chat { chat(id: "chat-1") { id title ...Masked } }
    fragment Masked on Chat { revision }
  `;
  await client.query({ query });
  const { data } = await client.query<{ chat: { title: string } }>({ query });
  expect(data?.chat.title).toBe("Own policy");
  expect(seen).toEqual(["Chat", "Chat"]);
  expect(data?.chat).not.toHaveProperty("revision"); // it is masked
  expect(client.devtoolsConfig).toEqual({ enabled: false, name: "ours" });
  client.stop();
});

describe("an existing cache", () => {
  const NOTES = gql`query Notes { notebook { id notes { edges { node { id revision body } } } } }`;
  const REVISION = gql`query Revision { notebook { id notes { revision } } }`;
  const notes = defineStream({
    type: "Note",
    field: "noteStream",
    poll: "note",
    fragment: gql`fragment LiveNote on Note { body }` as TypedDocumentNode<{ body: string }>,
  });

  /** How often two queries are sent which overwrite each other's field, since it has no merge function. */
  async function feud(cache: InMemoryCache): Promise<number> {
    const client = clientOn({ cache });
    const watched = [NOTES, REVISION].map((query) => client.watchQuery({ query }).subscribe(() => {}));
    const before = server.operations.length;
    await quiet(300);
    for (const query of watched) query.unsubscribe();
    client.stop();
    return server.operations.length - before;
  }

  test("keeps Apollo's brake on queries that overwrite each other", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => {}); // Apollo warns about the lost data
    vi.spyOn(console, "error").mockImplementation(() => {});
    server.addNote({ body: "Once" });
    const plain = await feud(new InMemoryCache());
    const guarded = await feud(revisioned(new InMemoryCache(), [notes]));
    expect(plain).toBeLessThan(6);
    expect(guarded).toBe(plain);
  });

  test("never goes back to an older revision, whoever else writes", () => {
    const cache = revisioned(new InMemoryCache(), [notes]);
    const from = { __typename: "Note", id: "note-1" };
    const { fragment } = notes;
    const write = (revision: number, body: string) =>
      cache.writeFragment({
        fragment,
        data: { ...from, revision, body, status: "STREAMING", streaming: true } as never,
      });
    write(2, "Once upon");
    write(1, "Once");
    expect(cache.readFragment({ fragment, from })).toMatchObject({ revision: 2, body: "Once upon" });
  });

  test("that is not revisioned is an error that says what to do", () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const client = clientOn({ cache: new InMemoryCache() });
    expect(() => renderHook(() => useMessageStream(MESSAGE), { wrapper: providerOf(client) })).toThrow(
      "Use `revisioned(new InMemoryCache(), […])`",
    );
    client.stop();
  });
});

describe("hooks", () => {
  test("take a client, and need no provider", async () => {
    server.add({ status: "STREAMING", content: "Once" });
    const client = clientOn();
    const refetch = vi.fn();
    const { result, unmount } = renderHook(() => {
      useSync("chat-1", 0, refetch, { client });
      return { live: useMessageStream(MESSAGE, { client }), connection: useConnection({ client }) };
    });
    await eventually(() => server.live.length, 2);
    server.frame("message-1", { content: "Once upon" });
    await eventually(() => result.current.live.content, "Once upon");
    await eventually(() => refetch.mock.calls.length > 0, true);
    expect(result.current.connection).toEqual({ status: "open", transport: "websocket" });
    unmount();
    client.stop();
  });

  test("skip", async () => {
    const row = server.add({ status: "STREAMING", content: "Once" });
    const client = clientOn();
    const { result, rerender, unmount } = renderHook(
      ({ skip }) => {
        useSync("chat-1", 1, () => {}, { client, skip });
        return useMessageStream(row, { client, skip });
      },
      { initialProps: { skip: true } },
    );
    await quiet(100);
    expect(server.operations).toEqual([]);
    expect(result.current.content).toBe("Once");
    rerender({ skip: false });
    await eventually(() => [...server.live].sort(), ["MessageStream message-1", "Sync chat-1"]);
    rerender({ skip: true });
    await eventually(() => [...server.live], []);
    unmount();
    client.stop();
  });

  test("accept an object that is not there yet, or no longer", async () => {
    const row = server.add({ status: "STREAMING", content: "Once" });
    const client = clientOn();
    const initialProps: { message: typeof row | null | undefined } = { message: undefined };
    const { result, rerender, unmount } = renderHook(({ message }) => useMessageStream(message, { client }), {
      initialProps,
    });
    expect(result.current).toBeUndefined();
    rerender({ message: row });
    await eventually(() => [...server.live], ["MessageStream message-1"]);
    server.frame("message-1", { content: "Once upon" });
    await eventually(() => result.current?.content, "Once upon");
    rerender({ message: null });
    expect(result.current).toBeNull();
    await eventually(() => [...server.live], []);
    unmount();
    client.stop();
  });

  test("say which definition the connection lacks", () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const fragment: TypedDocumentNode<{ body: string }> = gql`fragment Other on Note { body }`;
    const others = defineStream({ type: "Note", field: "noteStream", poll: "note", fragment });
    const client = clientOn({ cache: revisioned(new InMemoryCache(), [others]) });
    expect(() => renderHook(() => useStream(others, MESSAGE, { client }))).toThrow("the stream of Note");
    client.stop();
  });
});

function providerOf(client: ApolloClient) {
  return ({ children }: { children: ReactNode }) => <ApolloProvider client={client}>{children}</ApolloProvider>;
}
