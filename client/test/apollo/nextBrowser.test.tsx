import * as integration from "@apollo/client-integration-nextjs";
import { act, render, screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import WebSocket from "ws";
import { createConnection } from "../../src/core/index.ts";
import { eventually } from "../bindings/harness.tsx";
import { TestServer } from "../server.ts";
import { NextPage } from "./nextPage.tsx";

// Node resolves their builds for the server.
vi.mock("@apollo/client-integration-nextjs", () => import(`${PACKAGES}-integration-nextjs/dist/index.browser.js`));
vi.mock("@apollo/client-react-streaming", () => import(`${PACKAGES}-react-streaming/dist/index.browser.js`));
vi.mock(
  "@apollo/client-react-streaming/manual-transport",
  () => import(`${PACKAGES}-react-streaming/dist/manual-transport.browser.js`),
);
const { PACKAGES } = vi.hoisted(() => ({ PACKAGES: `${process.cwd()}/node_modules/@apollo/client` }));

test("on Apollo's Next integration in the browser a reply streams, and the page stays in sync", async () => {
  const server = await TestServer.start();
  server.add({ status: "STREAMING", content: "Once" });
  const connection = createConnection({ url: server.url, fetch: server.fetch, webSocketImpl: WebSocket });
  expect(integration).toHaveProperty("built_for_browser");
  const { unmount } = await act(async () => render(<NextPage connection={connection} />));
  const texts = () => screen.queryAllByRole("article").map((bubble) => bubble.textContent);
  await eventually(() => [...server.live].sort(), ["MessageStream message-1", "Sync chat-1"]);
  server.frame("message-1", { content: "Once upon" });
  await eventually(texts, ["Once upon"]);
  server.add({ content: "Hello" });
  server.touch();
  await eventually(texts, ["Once upon", "Hello"]);
  server.frame("message-1", { content: "The end", status: "COMPLETE" });
  await eventually(texts, ["The end", "Hello"]);
  unmount();
  connection.close();
  await server.stop();
});
