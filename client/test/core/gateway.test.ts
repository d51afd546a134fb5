import { afterEach, beforeEach, expect, test } from "vitest";
import WebSocket from "ws";
import { type Connection, createConnection } from "../../src/core/connection.ts";
import { messageStream } from "../../src/core/index.ts";
import type { Store } from "../../src/core/stores/store.ts";
import { Gateway } from "../gateway.ts";
import type { Message } from "../rows.ts";
import { TestServer } from "../server.ts";

const REPLIES = 5;

let server: TestServer;
let gateway: Gateway | undefined;
let connection: Connection | undefined;

beforeEach(async () => {
  server = await TestServer.start();
});
afterEach(async () => {
  connection?.close();
  await gateway?.stop();
  await server.stop();
});

const within = { timeout: 15_000 };

/** Follows these replies through a gateway that fails with this code. */
async function follow(rows: Message[], code: string): Promise<Store<Message>[]> {
  gateway = await Gateway.start(server.url, code);
  connection = createConnection({ url: gateway.url, webSocketImpl: WebSocket, random: () => 0.5 });
  const stores = rows.map((row) => connection?.follow(messageStream, row) as Store<Message>);
  for (const store of stores) store.subscribe(() => {});
  await expect.poll(() => server.live.length, within).toBe(rows.length);
  return stores;
}

test.each(["DOWNSTREAM_SERVICE_ERROR", "SUBGRAPH_SUBSCRIPTION_ERROR", "SUBREQUEST_HTTP_ERROR"])(
  "a rolling restart behind a gateway that reports %s loses no reply",
  async (code) => {
    const rows = Array.from({ length: REPLIES }, () => server.add({ status: "STREAMING", content: "Once" }));
    const stores = await follow(rows, code);
    const texts = () => stores.map((store) => store.getSnapshot().content);
    for (let restart = 1; restart <= 2; restart++) {
      server.refuseConnects();
      const failures = gateway?.failures ?? 0;
      await expect.poll(() => gateway?.failures, within).toBeGreaterThan(failures + REPLIES); // some retries fail too
      for (const { id } of rows) server.frame(id, { content: `Once, restart ${restart}` });
      server.acceptConnects();
      await expect.poll(texts, within).toEqual(rows.map(() => `Once, restart ${restart}`));
    }
    server.refuseConnects(); // this time the replies are finished meanwhile
    for (const { id } of rows) server.frame(id, { content: "The end", status: "COMPLETE" });
    server.acceptConnects();
    await expect.poll(texts, within).toEqual(rows.map(() => "The end"));
    expect(stores.map((store) => store.getSnapshot().status)).toEqual(rows.map(() => "COMPLETE"));
  },
);

test("the server's own errors pass through a gateway", async () => {
  const row = server.add({ status: "STREAMING", content: "Once" });
  const [store] = await follow([row], "DOWNSTREAM_SERVICE_ERROR");
  server.remove(row.id);
  await expect.poll(() => store?.getSnapshot().error?.code, within).toBe("NOT_FOUND");
  expect(store?.getSnapshot()).toMatchObject({ status: "FAILED", streaming: false, content: "Once" });
});
