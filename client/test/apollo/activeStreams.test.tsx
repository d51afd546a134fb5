/** Frames go to the components that use the hook. These tests show which of them the cache gets, and when. */

import { gql } from "@apollo/client";
import { ApolloProvider } from "@apollo/client/react";
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import WebSocket from "ws";
import { createTwotrackClient, type TwotrackClient } from "../../src/apollo/index.ts";
import { useMessageStream } from "../../src/apollo/react/index.ts";
import { eventually, type Row } from "../bindings/harness.tsx";
import { TestServer } from "../server.ts";

const TEXT = gql`fragment Text on Message { id revision status streaming content }`;

let server: TestServer;
let client: TwotrackClient;

beforeEach(async () => {
  server = await TestServer.start();
  client = createTwotrackClient({ url: server.url, fetch: server.fetch, webSocketImpl: WebSocket });
});
afterEach(async () => {
  cleanup();
  client.stop();
  await server.stop();
});

const stored = () => client.readFragment<Row>({ fragment: TEXT, from: { __typename: "Message", id: "message-1" } });

function Bubble({ message }: { message: Row }) {
  return <p data-testid="text">{useMessageStream(message).content}</p>;
}

/** Shows message-1, which streams and contains "Once", as a page has fetched it. */
async function opened(): Promise<() => void> {
  server.add({ status: "STREAMING", content: "Once" });
  const message = { ...server.messages[0] } as Row;
  client.writeFragment({ fragment: TEXT, data: message });
  const shown = render(
    <ApolloProvider client={client}>
      <Bubble message={message} />
    </ApolloProvider>,
  );
  await eventually(() => [...server.live], ["MessageStream message-1"]);
  return shown.unmount;
}

const text = () => screen.queryByTestId("text")?.textContent;

test("a frame is shown without a write to the cache, and the final frame is written", async () => {
  await opened();
  const written = vi.spyOn(client.cache, "write");
  const received: unknown[] = [];
  const watching = client
    .watchFragment({ fragment: TEXT, from: { __typename: "Message", id: "message-1" } })
    .subscribe(({ data }) => received.push((data as Row).content));
  for (const content of ["Once upon", "Once upon a", "Once upon a time"]) {
    server.frame("message-1", { content });
    await eventually(text, content);
  }
  expect(written).not.toHaveBeenCalled();
  server.frame("message-1", { content: "The end", status: "COMPLETE" });
  await eventually(text, "The end");
  await eventually(() => received, ["Once", "The end"]);
  expect(stored()).toMatchObject({ content: "The end", streaming: false });
  watching.unsubscribe();
});

test("the cache gets the newest text when the last component unmounts", async () => {
  const unmount = await opened();
  server.frame("message-1", { content: "Once upon" });
  await eventually(text, "Once upon");
  unmount();
  expect(stored()).toMatchObject({ content: "Once upon", streaming: true });
});

test("a deleted message does not come back with its last frame", async () => {
  const unmount = await opened();
  server.frame("message-1", { content: "Once upon" });
  await eventually(text, "Once upon");
  client.cache.evict({ id: "Message:message-1" });
  unmount();
  expect(stored()).toBeNull();
});

test("a result that is newer than the last frame is kept", async () => {
  const unmount = await opened();
  server.frame("message-1", { content: "Once upon" });
  await eventually(text, "Once upon");
  const stopped = { ...server.messages[0], revision: 9, content: "Once upon a", status: "STOPPED", streaming: false };
  client.writeFragment({ fragment: TEXT, data: stopped });
  await eventually(text, "Once upon a");
  await eventually(() => [...server.live], []);
  unmount();
  expect(stored()).toMatchObject({ revision: 9, content: "Once upon a" });
});
