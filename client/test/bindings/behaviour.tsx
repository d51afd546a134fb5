/** What a chat page must do on every binding. */

import { act } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Message } from "../rows.ts";
import { TestServer } from "../server.ts";
import { type Binding, document, eventually, type Options, quiet, type Shown, show } from "./harness.tsx";

const STREAM = "MessageStream message-1";

export function behaves(binding: Binding): void {
  describe(`${binding.name}: a chat page`, () => {
    let server: TestServer;
    let shown: Shown | undefined;

    beforeEach(async () => {
      server = await TestServer.start();
    });
    afterEach(async () => {
      shown?.unmount();
      shown?.connected.close();
      shown = undefined;
      await server.stop();
    });

    const open = (options?: Options): Shown => {
      shown = show(binding, server, options);
      return shown;
    };

    /** A page with one message that streams. */
    const openStreaming = async ({ row, ...options }: Options & { row?: Partial<Message> } = {}): Promise<Shown> => {
      server.add({ status: "STREAMING", content: "Once", ...row });
      const page = open(options);
      await eventually(() => page.text("message-1"), "Once");
      await eventually(() => server.live.includes(STREAM), true);
      return page;
    };

    const streams = () => server.live.filter((name) => name === STREAM).length;

    describe("a message that streams", () => {
      test("grows with each frame, and its subscription ends with it", async () => {
        const page = await openStreaming();
        for (const content of ["Once upon", "Once upon a", "Once upon a time"]) {
          server.frame("message-1", { content });
          await eventually(() => page.text("message-1"), content);
        }
        expect(page.busy("message-1")).toBe(true);
        server.frame("message-1", { content: "Once upon a time.", status: "COMPLETE" });
        await eventually(() => page.text("message-1"), "Once upon a time.");
        expect(page.busy("message-1")).toBe(false);
        await eventually(() => streams(), 0);
        expect(server.count("Chat")).toBe(1);
      });

      test("has one subscription under StrictMode", async () => {
        await openStreaming({ strict: true });
        await quiet();
        expect(streams()).toBe(1);
        expect(server.count("MessageStream")).toBe(1);
      });

      test("has one subscription for two components, and the second one shows its text at once", async () => {
        const page = await openStreaming();
        server.frame("message-1", { content: "Once upon" });
        await eventually(() => page.text("message-1"), "Once upon");
        page.second();
        expect([...window.document.querySelectorAll("article")].map((bubble) => bubble.textContent)).toEqual([
          "Once upon",
          "Once upon",
        ]);
        await quiet();
        expect(streams()).toBe(1);
      });

      test("has no subscription after its page is unmounted", async () => {
        const page = await openStreaming();
        page.unmount();
        await eventually(() => [...server.live], []);
      });

      test("has one new subscription after it is regenerated", async () => {
        const page = await openStreaming();
        server.frame("message-1", { content: "Once.", status: "COMPLETE" });
        await eventually(() => streams(), 0);
        server.frame("message-1", { content: "", status: "STREAMING" });
        server.touch();
        await eventually(() => streams(), 1);
        server.frame("message-1", { content: "Twice" });
        await eventually(() => page.text("message-1"), "Twice");
        await quiet();
        expect(streams()).toBe(1);
      });

      test("keeps growing while its page refetches", async () => {
        const page = await openStreaming();
        server.holding.add("Chat");
        act(() => void page.refetch());
        await eventually(() => server.held.length, 1);
        server.frame("message-1", { content: "Once upon" });
        await eventually(() => page.text("message-1"), "Once upon");
        server.held[0]?.release();
        await quiet();
        expect(page.text("message-1")).toBe("Once upon");
      });

      test("keeps growing after its page's refetch has failed", async () => {
        const page = await openStreaming();
        server.holding.add("Chat");
        act(() => void Promise.resolve(page.refetch()).catch(() => {}));
        await eventually(() => server.held.length, 1);
        server.holding.clear();
        server.held[0]?.fail();
        await quiet(50);
        server.frame("message-1", { content: "Once upon" });
        await eventually(() => page.text("message-1"), "Once upon");
      });

      test("never shows older text if a refetch is answered after a newer frame", async () => {
        const page = await openStreaming();
        server.holding.add("Chat");
        act(() => void page.refetch());
        await eventually(() => server.held.length, 1);
        server.frame("message-1", { content: "Once upon a time", status: "COMPLETE" });
        await eventually(() => page.text("message-1"), "Once upon a time");
        server.held[0]?.release();
        await quiet();
        expect(page.texts.get("message-1")).toEqual(["Once", "Once upon a time"]);
        expect(page.busy("message-1")).toBe(false);
        expect(streams()).toBe(0);
      });

      test("causes no refetch if its frames have more or fewer fields than the page selects", async () => {
        const fragment = document<unknown, unknown>(
          "fragment Less on Message { content usage { outputTokens } model }",
        );
        const page = await openStreaming({ fragment });
        server.frame("message-1", {
          content: "Once upon",
          usage: { inputTokens: 1, outputTokens: 2 },
          model: "scripted",
        });
        await eventually(() => page.text("message-1"), "Once upon");
        await quiet();
        expect(server.count("Chat")).toBe(1);
      });

      test("does not stop its page if its stream selects other subfields of usage and error", async () => {
        const query = document<never, { id: string }>(`
        query Chat($id: ID!) {
          chat(id: $id) {
            id title revision
            messages(last: 100) {
              revision
              edges { node { id revision status streaming content usage { inputTokens } error { code } } }
              pageInfo { hasPreviousPage hasNextPage startCursor endCursor }
            }
          }
        }
      `);
        const fragment = document<unknown, unknown>(
          "fragment Other on Message { content usage { outputTokens } error { message } }",
        );
        const usage = { inputTokens: 1, outputTokens: 2 };
        const error = { code: "TIMEOUT", message: "Too slow." };
        const page = await openStreaming({ query, fragment, row: { usage, error } });
        for (const content of ["Once upon", "Once upon a"]) {
          server.frame("message-1", { content, usage: { ...usage, outputTokens: content.length } });
          await eventually(() => page.text("message-1"), content);
        }
        await quiet();
        expect(server.count("Chat")).toBe(1);
      });

      test("that is deleted no longer looks as if it were streaming", async () => {
        const page = await openStreaming();
        server.remove("message-1");
        await eventually(() => page.busy("message-1"), false);
        await quiet();
        expect(server.count("MessageStream")).toBe(1);
      });

      test("that ends early is subscribed again", async () => {
        const page = await openStreaming();
        server.completeEarly("message-1");
        await eventually(() => server.count("MessageStream"), 2);
        server.frame("message-1", { content: "Once more", status: "COMPLETE" });
        await eventually(() => page.text("message-1"), "Once more");
      });

      test("is subscribed again after the time that RATE_LIMITED gives", async () => {
        server.refuseNext("RATE_LIMITED", { retryAfter: 0.1 });
        server.refuseNext("RATE_LIMITED", { retryAfter: 0.1 });
        const page = await openStreaming();
        server.frame("message-1", { content: "At last", status: "COMPLETE" });
        await eventually(() => page.text("message-1"), "At last");
      });
    });

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
              edges { node { id ...Bubble ${binding.name === "Apollo" ? "@nonreactive" : ""} } }
              pageInfo { hasPreviousPage hasNextPage startCursor endCursor }
            }
          }
        }
        fragment Bubble on Message { id revision status streaming content }
      `);
        const page = open({ query, strict: false });
        await eventually(() => server.live.includes(`MessageStream ${reply.id}`), true);
        await quiet();
        const before = { page: page.pageRenders, bubbles: total(page) };
        for (let i = 1; i <= 10; i++) {
          server.frame(reply.id, { content: `Frame ${i}` });
          await eventually(() => page.text(reply.id), `Frame ${i}`);
        }
        if (binding.isNonreactive) expect(page.pageRenders - before.page).toBe(0);
        // Graphcache writes each frame into the page too, so the page renders, and then its bubble.
        expect(total(page) - before.bubbles).toBe(binding.isNonreactive ? 10 : 20);
      });

      test("refetches once after a change", async () => {
        server.add({ content: "One" });
        const page = open();
        await eventually(() => page.text("message-1"), "One");
        server.add({ content: "Two" });
        server.touch();
        await eventually(() => page.text("message-2"), "Two");
        await quiet();
        expect(server.count("Chat")).toBe(2);
      });

      test("refetches once after a burst of changes", async () => {
        const page = open();
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
        const page = open();
        await eventually(() => server.held.length, 1);
        server.add({ content: "Missed" });
        server.touch();
        server.holding.clear();
        server.held[0]?.release();
        await eventually(() => page.text("message-1"), "Missed");
        expect(server.count("Chat")).toBe(2);
      });

      test("refetches after a reconnect only if something has changed", async () => {
        const page = open();
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
        const page = open();
        await eventually(() => server.live.includes("Sync chat-1"), true);
        server.deleted = true;
        server.announce({ id: "chat-1", revision: 0, deleted: true });
        await eventually(() => window.document.body.textContent?.includes("gone"), true);
        await quiet();
        expect(server.count("Chat")).toBe(2);
        expect(page.text("message-1")).toBeUndefined();
      });

      test("refetches if its sync subscription is refused, and shows the result", async () => {
        const page = open();
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
        const page = await openStreaming();
        page.unmount();
        await eventually(() => [...server.live], []);
      });
    });

    describe("another user's message", () => {
      test("is refetched, and its reply streams to its end", async () => {
        const page = open();
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

    describe("a connection", () => {
      test("that is lost during a stream reconnects, and the text is complete", async () => {
        const page = await openStreaming();
        server.cut();
        server.frame("message-1", { content: "Once upon" });
        await eventually(() => page.text("message-1"), "Once upon");
        server.frame("message-1", { content: "The end", status: "COMPLETE" });
        await eventually(() => page.text("message-1"), "The end");
      });

      test("that is refused at first is retried", async () => {
        server.refuseConnects();
        server.add({ status: "STREAMING", content: "Once" });
        const page = open();
        await eventually(() => page.connected.status(), "lost");
        server.acceptConnects();
        await eventually(() => page.text("message-1"), "Once");
        server.frame("message-1", { content: "Once upon" });
        await eventually(() => page.text("message-1"), "Once upon");
        expect(page.connected.status()).toBe("open");
      });

      test.each([1001, 1011, 1012, 1013, 4400, 4401, 4500])("that is closed with %i reconnects", async (code) => {
        const page = await openStreaming();
        server.cut(code);
        await eventually(() => server.count("MessageStream"), 2);
        server.frame("message-1", { content: "Once upon" });
        await eventually(() => page.text("message-1"), "Once upon");
      });

      test("that is closed with 1000 before it is open is retried with backoff", async () => {
        server.closeConnectsWith = 1000;
        server.add({ status: "STREAMING", content: "Once" });
        const page = open();
        await quiet(1000);
        expect(server.connects.length).toBeLessThan(15);
        server.closeConnectsWith = undefined;
        server.frame("message-1", { content: "Once upon" });
        await eventually(() => page.text("message-1"), "Once upon");
      });

      test("whose token has expired asks for a new one once", async () => {
        const asked: (string | undefined)[] = [];
        server.refused.add("old");
        let token = "old";
        server.holding.add("Chat"); // so that the server rejects the token on the socket first
        const page = open({
          token: (refused) => {
            if (refused !== undefined) {
              asked.push(refused);
              token = "new";
            }
            return token;
          },
        });
        await eventually(() => server.live.includes("Sync chat-1"), true);
        expect(server.connects).toEqual(["old", "new"]);
        expect(asked).toEqual(["old"]);
        expect(page.connected.status()).toBe("open");
      });

      test("whose token has expired over HTTP asks for a new one", async () => {
        server.add({ content: "Hello" });
        server.refused.add("old");
        const asked: (string | undefined)[] = [];
        const page = open({
          token: async (refused) => {
            if (refused !== undefined) asked.push(refused);
            return asked.length > 0 ? "new" : "old";
          },
        });
        await eventually(() => page.text("message-1"), "Hello");
        expect(asked.length).toBeGreaterThan(0);
        expect(new Set(asked)).toEqual(new Set(["old"]));
      });
    });

    function total(page: Shown): number {
      return [...page.renders.values()].reduce((sum, renders) => sum + renders, 0);
    }
  });
}
