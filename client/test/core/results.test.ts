// @vitest-environment node

import { gql } from "@apollo/client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import WebSocket from "ws";
import { type Connection, createConnection } from "../../src/core/connection.ts";
import { messageStream, type ReceivedResult } from "../../src/core/index.ts";
import type { Message } from "../rows.ts";
import { TestServer } from "../server.ts";

const CHAT = gql`
  query Title($id: ID!) {
    chat(id: $id) {
      id
      title
    }
  }
`;

let server: TestServer;
let row: Message;
let connection: Connection;

beforeEach(async () => {
  server = await TestServer.start();
  row = server.add({ status: "STREAMING", content: "Once" });
  connection = createConnection({ url: server.url, fetch: server.fetch, webSocketImpl: WebSocket });
});
afterEach(async () => {
  vi.restoreAllMocks();
  connection.close();
  await server.stop();
});

test("onResult reports the frames of streams and the responses to queries, until it is ended", async () => {
  const received: ReceivedResult[] = [];
  const end = connection.onResult((result) => received.push(result));
  const store = connection.follow(messageStream, row);
  store.subscribe(() => {});
  await expect.poll(() => received.length).toBe(1);
  expect(received[0]).toMatchObject({
    source: "subscription",
    operation: "MessageStream",
    variables: { id: row.id },
    result: { data: { messageStream: { content: "Once", revision: 1 } } },
  });
  expect(received[0]?.durationMs).toBeUndefined();

  const data = await connection.query(CHAT, { id: "chat-1" });
  await expect.poll(() => received.length).toBe(2);
  expect(received[1]).toMatchObject({ source: "response", operation: "Title", variables: { id: "chat-1" } });
  expect(received[1]?.result.data).toEqual(data);
  expect(received[1]?.durationMs).toBeGreaterThanOrEqual(0);

  end();
  server.frame("message-1", { content: "Once upon" });
  await expect.poll(() => store.getSnapshot().content).toBe("Once upon");
  expect(received).toHaveLength(2);
});

test("a listener of onResult may throw without harm to the connection", async () => {
  const error = vi.spyOn(console, "error").mockImplementation(() => {});
  const thrown = new Error("The app's panel has failed.");
  connection.onResult(() => {
    throw thrown;
  });
  const store = connection.follow(messageStream, row);
  store.subscribe(() => {});
  await expect.poll(() => error.mock.calls).toEqual([[thrown]]);
  server.frame("message-1", { content: "Once upon" });
  await expect.poll(() => store.getSnapshot().content).toBe("Once upon");
});
