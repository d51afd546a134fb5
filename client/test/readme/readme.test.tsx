import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { act, render, renderHook } from "@testing-library/react";
import type { ComponentType, ReactNode } from "react";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import WebSocket from "ws";
import type { TwotrackClient } from "../../src/urql/index.ts";
import { eventually } from "../bindings/harness.tsx";
import { type Person, RealServer } from "../real/server.ts";
import { TestServer } from "../server.ts";
import { writeSnippets } from "./snippets.ts";

const FOLDER = "test/readme/dist"; // ignored by git
writeSnippets(FOLDER);

let server: RealServer;
let ada: Person;
let chatId: string;

beforeAll(async () => {
  server = await RealServer.start("scripted?chars=600&rate=600");
  ada = await server.signUp("Ada");
  setLocation(server.url);
  localStorage.setItem("token", ada.token);
  vi.stubGlobal("WebSocket", WebSocket);
  vi.stubGlobal("fetch", server.fetch);
});
afterAll(async () => {
  vi.unstubAllGlobals();
  await server.stop();
});
beforeEach(async () => {
  chatId = await server.chatOf(ada);
});

/** The snippets connect to `/graphql` of the page's own server. */
const setLocation = (url: string) =>
  (window as unknown as { happyDOM: { setURL(url: string): void } }).happyDOM.setURL(url);
const load = <Module,>(name: string): Promise<Module> => import(/* @vite-ignore */ `./dist/${name}`);
const shown = () => [...document.querySelectorAll("article")].map((bubble) => bubble.textContent);

describe.each(["apollo.tsx", "urql.tsx"])("%s", (name) => {
  test("shows a reply while it streams", async () => {
    const { App } = await load<{ App: ComponentType<{ id: string }> }>(name);
    const { unmount } = render(<App id={chatId} />);
    const reply = await server.send(chatId, "Hello", ada);
    await eventually(() => document.querySelector("article[aria-busy=true]") !== null, true);
    await eventually(() => document.querySelectorAll("article[aria-busy=false]").length, 2);
    expect(shown()).toEqual(["Hello", (await server.row(reply, ada)).content]);
    unmount();
  });
});

test("sending.tsx sends", async () => {
  const { App } = await load<{ App: ComponentType<{ id: string }> }>("apollo.tsx");
  const { useSend } = await load<{ useSend: (id: string) => (content: string) => Promise<unknown> }>("sending.tsx");
  const { createTwotrackClient } = await import("../../src/apollo/index.ts");
  const { ApolloProvider } = await import("@apollo/client/react");
  const client = createTwotrackClient({ url: server.url, token: ada.token });
  const wrapper = ({ children }: { children: ReactNode }) => (
    <ApolloProvider client={client}>{children}</ApolloProvider>
  );
  const { result, unmount } = renderHook(() => useSend(chatId), { wrapper });
  await act(() => result.current("Hello"));
  unmount();
  const page = render(<App id={chatId} />);
  await eventually(() => shown()[0], "Hello");
  page.unmount();
  client.stop();
});

test("session.tsx never shows one user's page to the next, and older.tsx loads the whole history", async () => {
  const { Session, session } = await load<SessionSnippet>("session.tsx");
  const { useHistory } = await load<{ useHistory: (id: string) => History }>("older.tsx");
  const bob = await server.signUp("Bob");
  const texts = Array.from({ length: 40 }, (_, index) => `${index}`);
  for (const content of texts) {
    const value = { chatId, content, idempotencyKey: content, reply: false };
    await server.do("sendMessage", "SendMessageInput", value, ada, "message { id }");
  }
  session.signIn(ada.token);
  const shownTo: { user: string | undefined; text: string | undefined }[] = [];
  const { result, unmount } = renderHook(
    () => {
      const history = useHistory(chatId);
      shownTo.push({ user: session.user(), text: history.messages?.edges[0]?.node.content });
      return history;
    },
    { wrapper: Session },
  );
  const read = () => result.current?.messages?.edges.map(({ node }) => node.content);
  await eventually(read, texts.slice(10));
  await act(async () => void (await result.current.older?.()));
  await eventually(read, texts);
  expect(result.current.older).toBeUndefined();
  const adasId = session.user();
  act(() => session.signIn(bob.token));
  await eventually(() => shownTo.some(({ user }) => user === session.user()), true);
  await eventually(read, undefined); // Bob may not see Ada's chat
  expect(session.user()).not.toBe(adasId);
  expect(shownTo.filter(({ user, text }) => user !== adasId && text !== undefined)).toEqual([]);
  unmount();
  session.close();
});

interface SessionSnippet {
  readonly Session: ComponentType<{ children: ReactNode }>;
  readonly session: import("../../src/core/index.ts").Session;
}

interface History {
  readonly messages?: { readonly edges: readonly { readonly node: { readonly content: string } }[] };
  readonly older?: () => Promise<unknown>;
}

test("graphcache.ts shows a sent message without a refetch", async () => {
  const { client } = await load<{ client: TwotrackClient }>("graphcache.ts");
  const chat =
    "query ($id: ID!) { chat(id: $id) { id messages(last: 30) { revision edges { node { id content } } } } }";
  const send = `mutation ($input: SendMessageInput!) {
    sendMessage(input: $input) { message { id content } reply { id content } chat { id revision } }
  }`;
  await client.query(chat, { id: chatId }).toPromise();
  await client.mutation(send, { input: { chatId, content: "Hello", idempotencyKey: crypto.randomUUID() } }).toPromise();
  const { data } = await client.query(chat, { id: chatId }, { requestPolicy: "cache-only" }).toPromise();
  const { edges, revision } = data.chat.messages;
  expect(edges.map(({ node }: { node: { content: string } }) => node.content)).toEqual(["Hello", ""]);
  expect(revision).toBe(2);
  client.connection.close();
});

test("fragment.tsx streams a reply to its end", async () => {
  const { Bubble } = await load<{ Bubble: ComponentType<{ message: unknown }> }>("fragment.tsx");
  const { createTwotrackClient } = await import("../../src/apollo/index.ts");
  const { ApolloProvider } = await import("@apollo/client/react");
  const client = createTwotrackClient({ url: server.url, token: ada.token });
  const id = await server.send(chatId, "Hello", ada);
  const message = { id, revision: 0, streaming: true, content: "" };
  const { unmount } = render(
    <ApolloProvider client={client}>
      <Bubble message={message} />
    </ApolloProvider>,
  );
  await expect.poll(async () => (await server.row(id, ada)).status, { timeout: 10_000 }).toBe("COMPLETE");
  const { content } = await server.row(id, ada);
  await eventually(() => shown()[0], content);
  expect(document.querySelector("article")?.title).toBe("scripted");
  unmount();
  client.stop();
});

type Follow = (
  url: string,
  token: string,
  id: string,
  show: (message: { content: string }) => void,
  done: () => void,
) => void;

describe.each(["connection.ts", "plain.ts"])("%s", (name) => {
  test("follows a reply to its end", async () => {
    const { follow } = await load<{ follow: Follow }>(name);
    const id = await server.send(chatId, "Hello", ada);
    const texts: string[] = [];
    await new Promise<void>((done) => follow(server.url, ada.token, id, ({ content }) => texts.push(content), done));
    expect(texts.length).toBeGreaterThan(2);
    expect(texts.at(-1)).toBe((await server.row(id, ada)).content);
  });
});

test("notes.tsx streams a note", async () => {
  const notes = await TestServer.start();
  vi.stubGlobal("fetch", notes.fetch);
  setLocation(notes.url);
  notes.addNote({ status: "STREAMING", title: "Plan", body: "Once" });
  const { App } = await load<{ App: ComponentType<{ id: string }> }>("notes.tsx");
  const { unmount } = render(<App id="note-1" />);
  await eventually(shown, ["Once"]);
  await eventually(() => [...notes.live], ["NoteStream note-1"]);
  notes.frame("note-1", { body: "The end", status: "COMPLETE" });
  await eventually(shown, ["The end"]);
  expect(document.querySelector("article")?.title).toBe("Plan");
  unmount();
  vi.stubGlobal("fetch", server.fetch);
  setLocation(server.url);
  await notes.stop();
});

test("smooth.tsx shows the end of a reply soon after it", async () => {
  const { Bubble } = await load<{ Bubble: ComponentType<{ message: unknown }> }>("smooth.tsx");
  const { createTwotrackClient } = await import("../../src/apollo/index.ts");
  const { ApolloProvider } = await import("@apollo/client/react");
  const client = createTwotrackClient({ url: server.url, token: ada.token });
  const id = await server.send(chatId, "Hello", ada);
  const { unmount } = render(
    <ApolloProvider client={client}>
      <Bubble message={{ id, revision: 0, streaming: true, content: "" }} />
    </ApolloProvider>,
  );
  const steps = new Set<string | null | undefined>();
  const observer = new MutationObserver(() => steps.add(shown()[0]));
  observer.observe(document.body, { subtree: true, childList: true, characterData: true });
  await eventually(() => document.querySelector("article[aria-busy=false]") !== null, true);
  expect(shown()).toEqual([(await server.row(id, ada)).content]);
  expect(steps.size).toBeGreaterThan(6); // more than the frames of a second
  unmount();
  client.stop();
});

test("pacer.ts shows a frame in steps", async () => {
  const { smooth } = await load<{ smooth: (show: (text: string) => void) => (message: object) => void }>("pacer.ts");
  const steps: string[] = [];
  const receive = smooth((text) => steps.push(text));
  receive({ content: "The Moon pulls on all of the Earth.", streaming: true });
  await eventually(() => steps.at(-1), "The Moon pulls on all of the Earth.");
  expect(steps.length).toBeGreaterThan(3);
});

test("relay.ts queries and subscribes through Relay's network layer", async () => {
  const { createEnvironment } = await load<{ createEnvironment: (url: string, token: string) => RelayEnvironment }>(
    "relay.ts",
  );
  const network = createEnvironment(server.url, ada.token).getNetwork();
  const asked = await network
    .execute(operation("query", "Viewer", "query Viewer { viewer { email } }"), {}, AFRESH)
    .toPromise();
  expect(asked).toEqual({ data: { viewer: { email: ada.email } } });
  const id = await server.send(chatId, "Hello", ada);
  const source = "subscription Stream($id: ID!) { messageStream(id: $id) { content } }";
  const texts: string[] = [];
  await new Promise<void>((complete, error) =>
    network.execute(operation("subscription", "Stream", source), { id }, AFRESH).subscribe({
      next: ({ data }) => texts.push(data.messageStream.content),
      complete,
      error,
    }),
  );
  expect(texts.at(-1)).toBe((await server.row(id, ada)).content);
});

const AFRESH = { force: true };

const operation = (operationKind: string, name: string, text: string) => ({
  operationKind,
  name,
  text,
  id: null,
  cacheID: name,
  metadata: {},
});

/** The part of Relay's environment that is used here. */
interface RelayEnvironment {
  getNetwork(): {
    execute(
      request: object,
      variables: object,
      cacheConfig: object,
    ): {
      toPromise(): Promise<unknown>;
      subscribe(sink: {
        next: (answer: { data: { messageStream: { content: string } } }) => void;
        complete: () => void;
        error: (cause: Error) => void;
      }): void;
    };
  };
}

test("follow.sh follows a reply to its end", async () => {
  const ID = await server.send(chatId, "Hello", ada);
  const env = { ...process.env, URL: server.url, TOKEN: ada.token, ID };
  const { stdout } = await promisify(execFile)("sh", [`${FOLDER}/follow.sh`], { env });
  const frames = [...stdout.matchAll(/^data: (\{.*)$/gm)].map(([, data]) => JSON.parse(data as string));
  expect(frames.length).toBeGreaterThan(2);
  expect(frames.at(-1).data.messageStream).toMatchObject({ status: "COMPLETE" });
  expect(stdout).toContain("event: complete");
});
