import { act, render } from "@testing-library/react";
import { memo, useState } from "react";
import { Provider, useQuery } from "urql";
import { afterEach, beforeEach, expect, test } from "vitest";
import WebSocket from "ws";
import { createTwotrackClient } from "../../src/urql/index.ts";
import { useMessageStream, useSync } from "../../src/urql/react/index.ts";
import { type ChatData, document, eventually, type Row } from "../bindings/harness.tsx";
import { openGraphcache } from "../bindings/urql.tsx";
import { TestServer } from "../server.ts";

const MESSAGES = 130; // the server returns at most 100 at a time

const CHAT = document<ChatData, { id: string; last: number; before?: string }>(`
  query Chat($id: ID!, $last: Int!, $before: String) {
    chat(id: $id) {
      id title
      messages(last: $last, before: $before) {
        revision
        edges { cursor node { id revision status streaming content } }
        pageInfo { hasPreviousPage hasNextPage startCursor endCursor }
      }
    }
  }
`);

let server: TestServer;
let renders: { page: number; bubbles: number };

beforeEach(async () => {
  server = await TestServer.start();
  for (let number = 1; number < MESSAGES; number++) server.add({ content: `${number}` });
  server.add({ status: "STREAMING", content: "Once" });
  renders = { page: 0, bubbles: 0 };
});
afterEach(() => server.stop());

let showAtLeast: (count: number) => void;

function Page() {
  const [last, setLast] = useState(30);
  showAtLeast = setLast;
  renders.page++;
  const [{ data }, execute] = useQuery({ query: CHAT, variables: { id: "chat-1", last } });
  const messages = data?.chat?.messages;
  useSync(
    "chat-1",
    () => messages?.revision,
    () => execute({ requestPolicy: "network-only" }),
  );
  return messages?.edges.map(({ node }) => <Bubble key={node.id} message={node} />);
}

const Bubble = memo(function Bubble({ message }: { message: Row }) {
  renders.bubbles++;
  return <article>{useMessageStream(message).content}</article>;
});

const shown = () => [...window.document.querySelectorAll("article")].map((bubble) => bubble.textContent);
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => `${from + at}`);

type Opener = typeof openGraphcache;

const openDocumentCache: Opener = (options) => {
  const client = createTwotrackClient(options);
  return { client, connection: client.connection };
};

test.each([
  ["the document cache", openDocumentCache],
  ["graphcache", openGraphcache],
])("with %s, older messages are paged in beyond 100, and stay through frames and refetches", async (_, open) => {
  const { client, connection } = open({ url: server.url, fetch: server.fetch, webSocketImpl: WebSocket });
  const { unmount } = render(
    <Provider value={client}>
      <Page />
    </Provider>,
  );
  await eventually(shown, [...numbers(101, 129), "Once"]);
  act(() => showAtLeast(60));
  expect(shown()).toEqual([...numbers(101, 129), "Once"]); // until the others are there
  await eventually(shown, [...numbers(71, 129), "Once"]);
  act(() => showAtLeast(120));
  await eventually(shown, [...numbers(11, 129), "Once"]);

  await eventually(() => [...server.live].sort(), ["MessageStream message-130", "Sync chat-1"]);
  const before = { ...renders };
  for (let frame = 1; frame <= 5; frame++) {
    server.frame("message-130", { content: `Once ${frame}` });
    await eventually(() => shown().at(-1), `Once ${frame}`);
  }
  expect(renders).toEqual({ page: before.page, bubbles: before.bubbles + 5 });

  server.frame("message-12", { content: "12, edited" });
  server.remove("message-70");
  server.add({ id: "message-131", content: "131" });
  server.touch();
  const rest = [...numbers(13, 69), ...numbers(71, 129), "Once 5", "131"];
  await eventually(shown, ["11", "12, edited", ...rest]);
  act(() => showAtLeast(240));
  await eventually(shown, [...numbers(1, 11), "12, edited", ...rest]);
  unmount();
  connection.close();
});
