/** What a message that streams must do on every binding. */

import { act } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { TestServer } from "../server.ts";
import { BindingTest } from "./bindingTest.ts";
import { type Binding, document, eventually, quiet } from "./harness.tsx";

export function streams(binding: Binding): void {
  const setup = new BindingTest(binding);
  let server: TestServer;

  beforeEach(async () => {
    server = await setup.start();
  });
  afterEach(() => setup.stop());

  describe("a message that streams", () => {
    test("grows with each frame, and its subscription ends with it", async () => {
      const page = await setup.openStreaming();
      for (const content of ["Once upon", "Once upon a", "Once upon a time"]) {
        server.frame("message-1", { content });
        await eventually(() => page.text("message-1"), content);
      }
      expect(page.busy("message-1")).toBe(true);
      server.frame("message-1", { content: "Once upon a time.", status: "COMPLETE" });
      await eventually(() => page.text("message-1"), "Once upon a time.");
      expect(page.busy("message-1")).toBe(false);
      await eventually(() => setup.streams(), 0);
      expect(server.count("Chat")).toBe(1);
    });

    test("has one subscription under StrictMode", async () => {
      await setup.openStreaming({ strict: true });
      await quiet();
      expect(setup.streams()).toBe(1);
      expect(server.count("MessageStream")).toBe(1);
    });

    test("has one subscription for two components, and the second one shows its text at once", async () => {
      const page = await setup.openStreaming();
      server.frame("message-1", { content: "Once upon" });
      await eventually(() => page.text("message-1"), "Once upon");
      page.second();
      expect([...window.document.querySelectorAll("article")].map((bubble) => bubble.textContent)).toEqual([
        "Once upon",
        "Once upon",
      ]);
      await quiet();
      expect(setup.streams()).toBe(1);
    });

    test("has no subscription after its page is unmounted", async () => {
      const page = await setup.openStreaming();
      page.unmount();
      await eventually(() => [...server.live], []);
    });

    test("has one new subscription after it is regenerated", async () => {
      const page = await setup.openStreaming();
      server.frame("message-1", { content: "Once.", status: "COMPLETE" });
      await eventually(() => setup.streams(), 0);
      server.frame("message-1", { content: "", status: "STREAMING" });
      server.touch();
      await eventually(() => setup.streams(), 1);
      server.frame("message-1", { content: "Twice" });
      await eventually(() => page.text("message-1"), "Twice");
      await quiet();
      expect(setup.streams()).toBe(1);
    });

    test("keeps growing while its page refetches", async () => {
      const page = await setup.openStreaming();
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
      const page = await setup.openStreaming();
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
      const page = await setup.openStreaming();
      server.holding.add("Chat");
      act(() => void page.refetch());
      await eventually(() => server.held.length, 1);
      server.frame("message-1", { content: "Once upon a time", status: "COMPLETE" });
      await eventually(() => page.text("message-1"), "Once upon a time");
      server.held[0]?.release();
      await quiet();
      expect(page.texts.get("message-1")).toEqual(["Once", "Once upon a time"]);
      expect(page.busy("message-1")).toBe(false);
      expect(setup.streams()).toBe(0);
    });

    test("causes no refetch if its frames have more or fewer fields than the page selects", async () => {
      const fragment = document<unknown, unknown>("fragment Less on Message { content usage { outputTokens } model }");
      const page = await setup.openStreaming({ fragment });
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
      const page = await setup.openStreaming({ query, fragment, row: { usage, error } });
      for (const content of ["Once upon", "Once upon a"]) {
        server.frame("message-1", { content, usage: { ...usage, outputTokens: content.length } });
        await eventually(() => page.text("message-1"), content);
      }
      await quiet();
      expect(server.count("Chat")).toBe(1);
    });

    test("that is deleted no longer looks as if it were streaming, and says why", async () => {
      const page = await setup.openStreaming();
      server.remove("message-1");
      await eventually(() => page.busy("message-1"), false);
      expect(page.latest.get("message-1")).toMatchObject({
        status: "FAILED",
        content: "Once",
        error: { code: "NOT_FOUND", message: expect.any(String) },
      });
      await quiet();
      expect(server.count("MessageStream")).toBe(1);
    });

    test("that ends early is subscribed again", async () => {
      const page = await setup.openStreaming();
      server.completeEarly("message-1");
      await eventually(() => server.count("MessageStream"), 2);
      server.frame("message-1", { content: "Once more", status: "COMPLETE" });
      await eventually(() => page.text("message-1"), "Once more");
    });

    test("is subscribed again after the time that RATE_LIMITED gives", async () => {
      server.refuseNext("RATE_LIMITED", { retryAfter: 0.1 });
      server.refuseNext("RATE_LIMITED", { retryAfter: 0.1 });
      const page = await setup.openStreaming();
      server.frame("message-1", { content: "At last", status: "COMPLETE" });
      await eventually(() => page.text("message-1"), "At last");
    });
  });
}
