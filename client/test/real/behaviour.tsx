/** What every binding must do on the real server. */

import { act } from "@testing-library/react";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type Binding, eventually, type Options, type Shown, show } from "../bindings/harness.tsx";
import { type Person, RealServer } from "./server.ts";

export function behavesForReal(binding: Binding): void {
  let server: RealServer;
  let ada: Person;
  let bob: Person;
  let chatId: string;
  const pages: Shown[] = [];

  beforeAll(async () => {
    server = await RealServer.start();
    ada = await server.signUp("Ada");
    bob = await server.signUp("Bob");
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    chatId = await server.chatOf(ada, bob);
    server.operations.length = 0;
  });
  afterEach(() => {
    for (const page of pages.splice(0)) {
      page.unmount();
      page.connected.close();
    }
  });

  const open = async (options: Options = {}): Promise<Shown> => {
    const page = show(binding, server, { chatId, token: ada.token, ...options });
    pages.push(page);
    await eventually(() => server.count("Chat") > 0, true);
    return page;
  };
  const growths = (page: Shown, id: string) => new Set(page.texts.get(id)).size;
  const hasEnded = (page: Shown, id: string) => page.text(id) !== undefined && !page.busy(id);
  const only = (page: Shown) => [...page.texts.keys()];

  const showsTheRow = async (page: Shown, id: string, status: string) => {
    const row = await server.row(id, ada);
    expect(row.status).toBe(status);
    await eventually(() => page.text(id) ?? "", row.content);
  };

  test("a sent message and its reply are shown from the payload, and the reply grows until it equals its row", async () => {
    const page = await open();
    await eventually(() => page.connected.status(), "open");
    await act(async () => {
      await page.send("Hello");
    });
    await eventually(() => only(page).length, 2);
    const [, reply] = only(page) as [string, string];
    await eventually(() => hasEnded(page, reply), true);
    expect(growths(page, reply)).toBeGreaterThan(4);
    await showsTheRow(page, reply, "COMPLETE");
    if (binding.keepsPage) expect(server.operations).toEqual(["Chat", "Send"]);
  });

  test("another user's message is refetched, and its reply streams", async () => {
    const page = await open();
    const reply = await server.send(chatId, "Hello from Bob", bob);
    await eventually(() => page.busy(reply), true);
    await eventually(() => hasEnded(page, reply), true);
    expect(growths(page, reply)).toBeGreaterThan(4);
    await showsTheRow(page, reply, "COMPLETE");
  });

  test("a page that opens during a stream shows the text so far, and then the rest", async () => {
    const reply = await server.send(chatId, "Hello", bob);
    await expect
      .poll(async () => (await server.row(reply, ada)).content.length, { timeout: 10_000 })
      .toBeGreaterThan(500);
    const page = await open();
    await eventually(() => (page.text(reply)?.length ?? 0) > 500, true);
    await eventually(() => hasEnded(page, reply), true);
    await showsTheRow(page, reply, "COMPLETE");
  });

  test("a network that fails twice during a stream loses no text", async () => {
    const page = await open();
    const reply = await server.send(chatId, "Hello", bob);
    for (const length of [400, 1_200]) {
      await eventually(() => (page.text(reply)?.length ?? 0) > length, true);
      server.cut();
    }
    await eventually(() => hasEnded(page, reply), true);
    await showsTheRow(page, reply, "COMPLETE");
    const lengths = (page.texts.get(reply) ?? []).map((text) => text.length);
    expect(lengths).toEqual([...lengths].sort((a, b) => a - b));
  });

  test("a reply that another user stops keeps its text", async () => {
    const page = await open();
    const reply = await server.send(chatId, "Hello", bob);
    await eventually(() => (page.text(reply)?.length ?? 0) > 400, true);
    await server.do("stopMessage", "MessageInput", { messageId: reply }, bob, "message { id }");
    await eventually(() => hasEnded(page, reply), true);
    await showsTheRow(page, reply, "STOPPED");
  });

  test("a reply that is regenerated streams again", async () => {
    const page = await open();
    const reply = await server.send(chatId, "Hello", bob);
    await eventually(() => hasEnded(page, reply), true);
    await server.do("regenerateMessage", "MessageInput", { messageId: reply }, bob, "message { id }");
    await eventually(() => page.busy(reply), true);
    await eventually(() => hasEnded(page, reply), true);
    await showsTheRow(page, reply, "COMPLETE");
  });

  test("a reply that is deleted during its stream disappears", async () => {
    const page = await open();
    const reply = await server.send(chatId, "Hello", ada);
    await eventually(() => (page.text(reply)?.length ?? 0) > 400, true);
    await server.do("deleteMessage", "MessageInput", { messageId: reply }, ada, "deletedId");
    await eventually(() => page.text(reply), undefined);
  });

  test("a participant who is removed during a stream receives no more of it", async () => {
    const page = await open({ token: bob.token });
    const reply = await server.send(chatId, "Hello", ada);
    await eventually(() => (page.text(reply)?.length ?? 0) > 400, true);
    await server.do("removeParticipant", "RemoveParticipantInput", { chatId, userId: bob.id }, ada, "chat { id }");
    await eventually(() => window.document.body.textContent?.includes("gone"), true);
  });

  test("a token that the server rejects is renewed, and the page continues", async () => {
    const asked: (string | undefined)[] = [];
    const page = await open({
      token: (refused) => {
        if (refused !== undefined) asked.push(refused);
        return asked.length > 0 ? ada.token : "no token of ours";
      },
    });
    const reply = await server.send(chatId, "Hello", bob);
    await eventually(() => hasEnded(page, reply), true);
    expect(new Set(asked)).toEqual(new Set(["no token of ours"]));
  });
}
