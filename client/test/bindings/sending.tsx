/** What sending a message must do on every binding. */

import { act } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TestServer } from "../server.ts";
import { type Binding, eventually, quiet, type Shown, show } from "./harness.tsx";

export function sends(binding: Binding): void {
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

  describe("a sent message", () => {
    test("is shown with its reply from the payload: one mutation, one stream, and no other operation", async () => {
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

    test("causes no refetch if its sync event arrives before its payload", async () => {
      server.holding.add("Send");
      const sending = page.send("Hello");
      await eventually(() => server.held.length, 1);
      await quiet(); // long enough for a refetch, if the page did not wait for the mutation
      server.held[0]?.release();
      await act(() => sending);
      await quiet();
      expect(page.text("message-1")).toBe("Hello");
      if (binding.keepsPage) expect(server.count("Chat")).toBe(0);
    });

    test("does not hide another user's message that was sent just before it", async () => {
      server.silent = true; // the event of their message arrives after our payload
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

    test("does not hide another user's message that was sent just after it", async () => {
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

    test("stays if a refetch that was read before it is answered after it", async () => {
      server.holding.add("Chat");
      act(() => void page.refetch());
      await eventually(() => server.held.length, 1);
      await send("Hello");
      server.holding.clear();
      server.held[0]?.release();
      await quiet();
      expect(page.text("message-1")).toBe("Hello");
    });

    test("that is repeated after a lost response is shown once, and hides no other message", async () => {
      server.silent = true;
      server.add({ id: "sent", role: "USER", content: "Hello" }); // the server stored it, but its response was lost
      server.touch();
      await act(async () => {
        await page.refetch();
      });
      expect(page.text("sent")).toBe("Hello");
      server.add({ id: "theirs", role: "USER", content: "Theirs" });
      server.touch();
      server.sent = "sent"; // the key is known, so the server returns the original
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
}
