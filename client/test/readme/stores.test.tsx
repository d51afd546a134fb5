import { type Component, mount, unmount } from "svelte";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createApp, type Component as VueComponent } from "vue";
import type { Connection } from "../../src/core/index.ts";
import { eventually } from "../bindings/harness.tsx";
import type { TestServer } from "../server.ts";
import { openPage, shown } from "./page.ts";

const FOLDER = "test/readme/dist/stores"; // ignored by git
const load = <Module,>(name: string): Promise<Module> => import(/* @vite-ignore */ `./dist/stores/${name}`);

interface Stores {
  connection: Connection;
  send(chatId: string, content: string): Promise<{ sendMessage: { message: { id: string } } }>;
}

let server: TestServer;
let leave: () => void;

beforeEach(async () => {
  server = await openPage(FOLDER);
  server.add({ status: "STREAMING", content: "Once" });
});
afterEach(async () => {
  leave();
  document.body.replaceChildren();
  (await load<Stores>("stores.ts")).connection.close();
  vi.unstubAllGlobals();
  await server.stop();
});

/** Shows the chat in this element. Returns a function that removes it. */
type Show = (target: Element) => Promise<() => void>;

const inVue: Show = async (target) => {
  const { Chat } = await load<{ Chat: VueComponent }>("vue.ts");
  const app = createApp(Chat, { id: "chat-1" });
  app.mount(target);
  return () => app.unmount();
};

const inSvelte: Show = async (target) => {
  const { default: Chat } = await load<{ default: Component<{ id: string }> }>("Chat.svelte");
  const chat = mount(Chat, { target, props: { id: "chat-1" } });
  return () => void unmount(chat);
};

describe.each([
  ["vue.ts", inVue],
  ["svelte.ts, Chat.svelte and Bubble.svelte", inSvelte],
])("stores.ts with %s", (_, show) => {
  test("shows a reply while it streams, what is sent, and never older text", async () => {
    leave = await show(document.body.appendChild(document.createElement("div")));
    await eventually(() => [...server.live].sort(), ["MessageStream message-1", "Sync chat-1"]);
    server.frame("message-1", { content: "Once upon" });
    await eventually(shown, ["Once upon"]);
    expect(document.querySelector("article")?.getAttribute("aria-busy")).toBe("true");

    server.holding.add("Chat");
    const { send } = await load<Stores>("stores.ts");
    expect((await send("chat-1", "Hello")).sendMessage.message.id).toBe("message-2");
    await eventually(() => server.held.length, 1);
    server.frame("message-1", { content: "Once upon a time" });
    await eventually(shown, ["Once upon a time"]);
    server.holding.clear();
    server.held[0]?.release(); // it was read before the last frame
    await eventually(() => shown().slice(0, 2), ["Once upon a time", "Hello"]);

    server.frame("message-1", { content: "The end", status: "COMPLETE" });
    await eventually(() => shown().slice(0, 2), ["The end", "Hello"]);
    leave();
    leave = () => {};
    await eventually(() => [...server.live], []);
  });
});
