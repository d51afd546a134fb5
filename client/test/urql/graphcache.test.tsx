import { act, renderHook } from "@testing-library/react";
import type { RequestPolicy } from "@urql/core";
import { expect, test } from "vitest";
import WebSocket from "ws";
import { useMessageStream } from "../../src/urql/react/index.ts";
import { behaves } from "../bindings/behaviour.tsx";
import { type ChatData, document, eventually, quiet, type Row, show } from "../bindings/harness.tsx";
import { openGraphcache, urqlGraphcache } from "../bindings/urql.tsx";
import { TestServer } from "../server.ts";

behaves(urqlGraphcache);

test("the first message of a chat causes no refetch on a page that selects cursors", async () => {
  const server = await TestServer.start();
  const query = document<ChatData, { id: string }>(`
    query Chat($id: ID!) {
      chat(id: $id) {
        id title revision
        messages(last: 100) {
          revision
          edges { cursor node { id chatId role revision status streaming content createdAt } }
          pageInfo { hasPreviousPage hasNextPage startCursor endCursor }
        }
      }
    }
  `);
  const page = show(urqlGraphcache, server, { query });
  await eventually(() => server.live.includes("Sync chat-1"), true);
  await quiet(50);
  await act(async () => {
    await page.send("Hello");
  });
  expect(page.text("message-1")).toBe("Hello");
  await quiet();
  expect(server.count("Chat")).toBe(1);
  page.unmount();
  page.connected.close();
  await server.stop();
});

test("the cache gets the newest frame when the last component is unmounted, and none that is older than its own", async () => {
  const server = await TestServer.start();
  server.add({ status: "STREAMING", content: "Once" });
  server.add({ status: "STREAMING", content: "Once" });
  const { client, connection } = openGraphcache({ url: server.url, fetch: server.fetch, webSocketImpl: WebSocket });
  const content = async (id: string, requestPolicy: RequestPolicy) =>
    (await client.query(MESSAGE, { id }, { requestPolicy }).toPromise()).data?.message.content;
  for (const message of [...server.messages]) {
    await content(message.id, "network-only");
    const { result, rerender, unmount } = renderHook((shown: Row) => useMessageStream(shown, { client }), {
      initialProps: message as Row,
    });
    await eventually(() => server.live.length, 1);
    server.frame(message.id, { content: "Once upon" });
    await eventually(() => result.current.content, "Once upon");
    expect(await content(message.id, "cache-only")).toBe("Once");
    if (message.id === "message-2") {
      const stopped = server.messages[1] as Row;
      Object.assign(stopped, { revision: 9, status: "STOPPED", streaming: false, content: "Stopped" });
      await content(message.id, "network-only");
      rerender({ ...stopped });
    }
    unmount();
    await eventually(() => server.live.length, 0);
    await quiet(50);
  }
  expect(await content("message-1", "cache-only")).toBe("Once upon");
  expect(await content("message-2", "cache-only")).toBe("Stopped");
  connection.close();
  await server.stop();
});

const MESSAGE = document<{ message: Row }, { id: string }>(
  "query Message($id: ID!) { message(id: $id) { id revision status streaming content } }",
);
