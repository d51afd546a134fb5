import { act } from "@testing-library/react";
import { expect, test } from "vitest";
import { behaves } from "../bindings/behaviour.tsx";
import { type ChatData, document, eventually, quiet, show } from "../bindings/harness.tsx";
import { urqlGraphcache } from "../bindings/urql.tsx";
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
