/** What a page must do on every binding when its connection fails, or its token expires. */

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { TestServer } from "../server.ts";
import { BindingTest } from "./bindingTest.ts";
import { type Binding, eventually, quiet } from "./harness.tsx";

export function reconnects(binding: Binding): void {
  const setup = new BindingTest(binding);
  let server: TestServer;

  beforeEach(async () => {
    server = await setup.start();
  });
  afterEach(() => setup.stop());

  describe("a connection", () => {
    test("that is lost during a stream reconnects, and the text is complete", async () => {
      const page = await setup.openStreaming();
      server.cut();
      server.frame("message-1", { content: "Once upon" });
      await eventually(() => page.text("message-1"), "Once upon");
      server.frame("message-1", { content: "The end", status: "COMPLETE" });
      await eventually(() => page.text("message-1"), "The end");
    });

    test("that is refused at first is retried", async () => {
      server.refuseConnects();
      server.add({ status: "STREAMING", content: "Once" });
      const page = setup.open();
      await eventually(() => page.connected.status(), "lost");
      server.acceptConnects();
      await eventually(() => page.text("message-1"), "Once");
      server.frame("message-1", { content: "Once upon" });
      await eventually(() => page.text("message-1"), "Once upon");
      expect(page.connected.status()).toBe("open");
    });

    test.each([1001, 1011, 1012, 1013, 4400, 4401, 4500])("that is closed with %i reconnects", async (code) => {
      const page = await setup.openStreaming();
      server.cut(code);
      await eventually(() => server.count("MessageStream"), 2);
      server.frame("message-1", { content: "Once upon" });
      await eventually(() => page.text("message-1"), "Once upon");
    });

    test("that is closed with 1000 before it is open is retried with backoff", async () => {
      server.closeConnectsWith = 1000;
      server.add({ status: "STREAMING", content: "Once" });
      const page = setup.open();
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
      const page = setup.open({
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
      const page = setup.open({
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
}
