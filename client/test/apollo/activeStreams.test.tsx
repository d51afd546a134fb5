/** Frames go to who follows; what the cache hears of a message that is being written, and when. */

import { gql } from "@apollo/client";
import { ApolloProvider } from "@apollo/client/react";
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import WebSocket from "ws";
import { createTwotrackClient, type TwotrackClient, useMessageStream } from "../../src/apollo/index.ts";
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

/** Shows message-1, which is being written and says "Once", as the page fetched it. */
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

test("a frame is shown without the cache being told, and the last one is told to everybody", async () => {
  await opened();
  const written = vi.spyOn(client.cache, "write");
  const heard: unknown[] = [];
  const watching = client
    .watchFragment({ fragment: TEXT, from: { __typename: "Message", id: "message-1" } })
    .subscribe(({ data }) => heard.push((data as Row).content));
  for (const content of ["Once upon", "Once upon a", "Once upon a time"]) {
    server.frame("message-1", { content });
    await eventually(text, content);
  }
  expect(written).not.toHaveBeenCalled();
  server.frame("message-1", { content: "The end", status: "COMPLETE" });
  await eventually(text, "The end");
  await eventually(() => heard, ["Once", "The end"]);
  expect(stored()).toMatchObject({ content: "The end", streaming: false });
  watching.unsubscribe();
});

test("the newest text is there for whoever comes after the last one has left", async () => {
  const leave = await opened();
  server.frame("message-1", { content: "Once upon" });
  await eventually(text, "Once upon");
  leave();
  expect(stored()).toMatchObject({ content: "Once upon", streaming: true });
});

test("a message that was deleted does not come back with its last frame", async () => {
  const leave = await opened();
  server.frame("message-1", { content: "Once upon" });
  await eventually(text, "Once upon");
  client.cache.evict({ id: "Message:message-1" });
  leave();
  expect(stored()).toBeNull();
});

test("an answer that is newer than the last frame stays", async () => {
  const leave = await opened();
  server.frame("message-1", { content: "Once upon" });
  await eventually(text, "Once upon");
  const stopped = { ...server.messages[0], revision: 9, content: "Once upon a", status: "STOPPED", streaming: false };
  client.writeFragment({ fragment: TEXT, data: stopped });
  await eventually(text, "Once upon a");
  await eventually(() => [...server.live], []);
  leave();
  expect(stored()).toMatchObject({ revision: 9, content: "Once upon a" });
});
