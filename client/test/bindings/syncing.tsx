/** What a page and its sync subscription must do on every binding. */

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { TestServer } from "../server.ts";
import { BindingTest } from "./bindingTest.ts";
import { type Binding, document, eventually, quiet, type Shown } from "./harness.tsx";

export function syncs(binding: Binding): void {
  const setup = new BindingTest(binding);
  let server: TestServer;

  beforeEach(async () => {
    server = await setup.start();
  });
  afterEach(() => setup.stop());

  describe("a page", () => {
    test("with 100 messages renders one bubble for each frame", async () => {
      for (let i = 0; i < 100; i++) server.add({ content: `Text ${i}` });
      const reply = server.add({ status: "STREAMING" });
      const query = document<never, { id: string }>(`
        query Chat($id: ID!) {
          chat(id: $id) {
            id title
            messages(last: 100) {
              revision
              edges { node { id ...Bubble ${binding.name.includes("Apollo") ? "@nonreactive @unmask" : ""} } }
              pageInfo { hasPreviousPage hasNextPage startCursor endCursor }
            }
          }
        }
        fragment Bubble on Message { id revision status streaming content }
      `);
      const page = setup.open({ query, strict: false });
      await eventually(() => server.live.includes(`MessageStream ${reply.id}`), true);
      await quiet();
      const before = { page: page.pageRenders, bubbles: total(page) };
      for (let i = 1; i <= 10; i++) {
        server.frame(reply.id, { content: `Frame ${i}` });
        await eventually(() => page.text(reply.id), `Frame ${i}`);
      }
      expect(page.pageRenders - before.page).toBe(0);
      expect(total(page) - before.bubbles).toBe(10);
    });

    test("refetches once after a change", async () => {
      server.add({ content: "One" });
      const page = setup.open();
      await eventually(() => page.text("message-1"), "One");
      server.add({ content: "Two" });
      server.touch();
      await eventually(() => page.text("message-2"), "Two");
      await quiet();
      expect(server.count("Chat")).toBe(2);
    });

    test("refetches once after a burst of changes", async () => {
      const page = setup.open();
      await eventually(() => server.live.includes("Sync chat-1"), true);
      for (let i = 1; i <= 30; i++) {
        server.add({ content: `Text ${i}` });
        server.touch();
      }
      await eventually(() => page.text("message-30"), "Text 30");
      await quiet();
      expect(server.count("Chat")).toBe(2);
    });

    test("refetches if a change happened between its fetch and its subscription", async () => {
      server.holding.add("Chat");
      const page = setup.open();
      await eventually(() => server.held.length, 1);
      server.add({ content: "Missed" });
      server.touch();
      server.holding.clear();
      server.held[0]?.release();
      await eventually(() => page.text("message-1"), "Missed");
      expect(server.count("Chat")).toBe(2);
    });

    test("refetches after a reconnect only if something has changed", async () => {
      const page = setup.open();
      await eventually(() => server.live.includes("Sync chat-1"), true);
      server.cut();
      await eventually(() => server.count("Sync"), 2);
      await quiet();
      expect(server.count("Chat")).toBe(1);
      server.refuseConnects();
      await eventually(() => [...server.live], []);
      server.add({ content: "While you were away" });
      server.touch();
      server.acceptConnects();
      await eventually(() => page.text("message-1"), "While you were away");
      expect(server.count("Chat")).toBe(2);
    });

    test("shows that its chat is deleted after one refetch", async () => {
      const page = setup.open();
      await eventually(() => server.live.includes("Sync chat-1"), true);
      server.deleted = true;
      server.announce({ id: "chat-1", revision: 0, deleted: true });
      await eventually(() => window.document.body.textContent?.includes("gone"), true);
      await quiet();
      expect(server.count("Chat")).toBe(2);
      expect(page.text("message-1")).toBeUndefined();
    });

    test("refetches if its sync subscription is refused, and shows the result", async () => {
      const page = setup.open();
      await eventually(() => server.live.includes("Sync chat-1"), true);
      server.deleted = true; // the chat is no longer accessible
      server.refuseNext("UNAUTHENTICATED");
      server.cut();
      await eventually(() => window.document.body.textContent?.includes("gone"), true);
      await quiet();
      expect(server.count("Chat")).toBe(2);
      expect(page.connected.status()).not.toBe("lost");
    });

    test("has no subscription after it is unmounted", async () => {
      const page = await setup.openStreaming();
      page.unmount();
      await eventually(() => [...server.live], []);
    });
  });

  describe("another user's message", () => {
    test("is refetched, and its reply streams to its end", async () => {
      const page = setup.open();
      await eventually(() => server.live.includes("Sync chat-1"), true);
      server.add({ role: "USER", content: "Hello" });
      server.add({ status: "STREAMING", content: "" });
      server.touch();
      await eventually(() => page.text("message-1"), "Hello");
      await eventually(() => server.live.includes("MessageStream message-2"), true);
      server.frame("message-2", { content: "Hi" });
      await eventually(() => page.text("message-2"), "Hi");
      server.frame("message-2", { content: "Hi!", status: "COMPLETE" });
      await eventually(() => page.busy("message-2"), false);
      await quiet();
      expect(server.count("Chat")).toBe(2);
    });
  });
}

function total(page: Shown): number {
  return [...page.renders.values()].reduce((sum, renders) => sum + renders, 0);
}
