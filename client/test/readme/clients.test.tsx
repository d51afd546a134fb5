import { render } from "@testing-library/react";
import type { Client } from "@urql/core";
import type { ComponentType } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Connection } from "../../src/core/index.ts";
import { eventually } from "../bindings/harness.tsx";
import type { TestServer } from "../server.ts";
import { openPage, shown } from "./page.ts";

const FOLDER = "test/readme/dist/clients"; // ignored by git
const load = <Module,>(name: string): Promise<Module> => import(/* @vite-ignore */ `./dist/clients/${name}`);

let server: TestServer;

beforeEach(async () => {
  server = await openPage(FOLDER);
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await server.stop();
});

test("existing-apollo.tsx shows a reply while it streams", async () => {
  server.add({ status: "STREAMING", content: "Once" });
  const { App } = await load<{ App: ComponentType<{ id?: string }> }>("existing-apollo.tsx");
  const { rerender, unmount } = render(<App />);
  expect(shown()).toEqual([]);
  rerender(<App id="chat-1" />);
  await eventually(shown, ["Once"]);
  await eventually(() => [...server.live].sort(), ["MessageStream message-1", "Sync chat-1"]);
  expect(document.querySelector("main")?.dataset.status).toBe("open");
  server.frame("message-1", { content: "The end", status: "COMPLETE" });
  await eventually(shown, ["The end"]);
  unmount();
});

test("existing-urql.ts queries and subscribes", async () => {
  server.add({ status: "STREAMING", content: "Once" });
  const { client, connection } = await load<{ client: Client; connection: Connection }>("existing-urql.ts");
  const fields = '(id: "message-1") { id revision streaming content }';
  const { data } = await client.query(`query Message { message${fields} }`, {}).toPromise();
  expect(data.message.content).toBe("Once");
  const texts: string[] = [];
  const subscription = client
    .subscription(`subscription MessageStream { messageStream${fields} }`, {})
    .subscribe(({ data }) => texts.push(data.messageStream.content));
  await eventually(() => texts, ["Once"]);
  subscription.unsubscribe();
  connection.close();
});

test("events.ts logs what happens to the connection", async () => {
  const { createLoggedConnection } = await load<{
    createLoggedConnection: (url: string, token: string, log: (line: string) => void) => Connection;
  }>("events.ts");
  const lines: string[] = [];
  const connection = createLoggedConnection(server.url, "token", (line) => lines.push(line));
  const query = 'subscription MessageStream { messageStream(id: "message-1") { id } }';
  const sink = { next: () => {}, error: () => {}, complete: () => {} };
  connection.subscribe({ query, operationName: "MessageStream" }, sink);
  const refusal = "MessageStream refused: Not found, or you do not have access to it.";
  await eventually(() => lines, ["connected", refusal]);
  connection.close();
});

test("native.ts wakes the connection when the app comes to the foreground", async () => {
  const { wakeInForeground } = await load<{
    wakeInForeground: (connection: { wake(): void }, appState: object) => () => void;
  }>("native.ts");
  const wake = vi.fn();
  const remove = vi.fn();
  let change: (state: string) => void = () => {};
  const appState = {
    addEventListener: (_: "change", listener: (state: string) => void) => {
      change = listener;
      return { remove };
    },
  };
  const stop = wakeInForeground({ wake }, appState);
  change("background");
  expect(wake).not.toHaveBeenCalled();
  change("active");
  expect(wake).toHaveBeenCalledTimes(1);
  stop();
  expect(remove).toHaveBeenCalled();
});
