/** What every binding must do with a message that is sent, whatever its cache is like. */

import { act } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TestServer } from "../server.ts";
import { type Binding, eventually, quiet, type Shown, show } from "./harness.tsx";

export function sends(binding: Binding): void {
  describe(`${binding.name}: sending`, () => {
    let server: TestServer;
    let page: Shown;

    beforeEach(async () => {
      server = await TestServer.start();
      page = show(binding, server);
      await eventually(() => server.live.includes("Sync chat-1"), true);
      await eventually(() => server.count("Chat"), 1);
      await quiet(50);
      server.operations.length = 0;
    });
    afterEach(async () => {
      page.unmount();
      page.connected.close();
      await server.stop();
    });

    const send = async (content: string) => {
      await act(async () => {
        await page.send(content);
      });
    };

    describe("a message that is sent", () => {
      test("is on the page with its reply from the answer: one mutation, one stream, and nothing else", async () => {
        await send("Hello");
        expect(page.text("message-1")).toBe("Hello");
        await eventually(() => server.live.includes("MessageStream message-2"), true);
        for (const content of ["H", "Hi", "Hi A", "Hi Ada"]) {
          server.frame("message-2", { content });
          await eventually(() => page.text("message-2"), content);
        }
        server.frame("message-2", { status: "COMPLETE" });
        await eventually(() => page.busy("message-2"), false);
        await quiet();
        if (binding.keepsPage) expect(server.operations).toEqual(["Send", "MessageStream"]);
      });

      test("whose own event overtakes its answer costs no refetch", async () => {
        server.holding.add("Send");
        const sending = page.send("Hello");
        await eventually(() => server.held.length, 1);
        await quiet(); // long enough for a refetch, were it not for the answer that is awaited
        server.held[0]?.release();
        await act(() => sending);
        await quiet();
        expect(page.text("message-1")).toBe("Hello");
        if (binding.keepsPage) expect(server.count("Chat")).toBe(0);
      });

      test("at the same instant as somebody else's does not lose that one", async () => {
        server.silent = true; // their event comes later than our answer
        server.add({ role: "USER", content: "Theirs" });
        server.touch();
        await send("Ours");
        await quiet(200);
        expect(page.text("message-2")).toBe("Ours");
        server.silent = false;
        server.announce({ id: "chat-1", revision: server.revision, deleted: false });
        await eventually(() => page.text("message-1"), "Theirs");
        await quiet();
        expect([...window.document.querySelectorAll("article")].map((bubble) => bubble.textContent)).toEqual([
          "Theirs",
          "Ours",
          "",
        ]);
        if (binding.keepsPage) expect(server.count("Chat")).toBe(1);
      });

      test("just before somebody else's does not lose that one either", async () => {
        server.silent = true;
        server.holding.add("Send");
        const sending = page.send("Ours");
        await eventually(() => server.held.length, 1);
        server.add({ role: "USER", content: "Theirs" });
        server.touch();
        server.held[0]?.release();
        await act(() => sending);
        server.silent = false;
        server.announce({ id: "chat-1", revision: server.revision, deleted: false });
        await eventually(() => page.text("message-3"), "Theirs");
        if (binding.keepsPage) expect(server.count("Chat")).toBe(1);
      });

      test("stays when a refetch that was read before it answers after it", async () => {
        server.holding.add("Chat");
        act(() => void page.refetch());
        await eventually(() => server.held.length, 1);
        await send("Hello");
        server.holding.clear();
        server.held[0]?.release();
        await quiet();
        expect(page.text("message-1")).toBe("Hello");
      });

      test("twice, with an answer that was lost in between, is there once, and others' messages are not lost", async () => {
        server.silent = true;
        server.add({ id: "sent", role: "USER", content: "Hello" }); // it arrived, its answer did not
        server.touch();
        await act(async () => {
          await page.refetch();
        });
        expect(page.text("sent")).toBe("Hello");
        server.add({ id: "theirs", role: "USER", content: "Theirs" });
        server.touch();
        server.sent = "sent"; // the key is known: the answer is the original
        await send("Hello");
        server.silent = false;
        server.announce({ id: "chat-1", revision: server.revision, deleted: false });
        await eventually(() => page.text("theirs"), "Theirs");
        expect([...window.document.querySelectorAll("article")].map((bubble) => bubble.textContent)).toEqual([
          "Hello",
          "Theirs",
        ]);
      });
    });
  });
}
