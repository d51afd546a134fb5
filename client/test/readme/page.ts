/** The page on which a snippet of the README runs: a server behind `/graphql` of its own origin. */

import { vi } from "vitest";
import WebSocket from "ws";
import { TestServer } from "../server.ts";
import { writeSnippets } from "./snippets.ts";

/** Writes the snippets into a folder of the test file's own, and starts a server for them. */
export async function openPage(folder: string): Promise<TestServer> {
  writeSnippets(folder);
  const server = await TestServer.start();
  (window as unknown as { happyDOM: { setURL(url: string): void } }).happyDOM.setURL(server.url);
  vi.stubGlobal("fetch", server.fetch);
  vi.stubGlobal("WebSocket", WebSocket);
  vi.resetModules(); // each test gets a connection of its own
  return server;
}

export function shown(): (string | null)[] {
  return [...document.querySelectorAll("article")].map((bubble) => bubble.textContent);
}
