// @vitest-environment node
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { build } from "vite";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { sources } from "../../vite.config.ts";
import { TestServer } from "../server.ts";

const FOLDER = resolve("test/runtime/dist"); // ignored by git

let server: TestServer;

beforeAll(async () => {
  await build({
    configFile: false,
    logLevel: "error",
    resolve: { alias: sources },
    build: {
      outDir: FOLDER,
      minify: false,
      lib: { entry: resolve("test/runtime/app.ts"), formats: ["es"], fileName: "app" },
    },
  });
}, 60_000);
beforeEach(async () => {
  server = await TestServer.start();
  server.add({ status: "STREAMING", content: "Once" });
});
afterEach(() => server.stop());

/** Runs the app while the reply grows, each time that the app has seen the text so far. */
async function run(transport: "websocket" | "http", seen: () => boolean): Promise<Record<string, unknown>> {
  const args = [resolve("test/runtime/bare.mjs"), join(FOLDER, "app.js"), server.url, transport];
  const app = promisify(execFile)(process.execPath, args);
  const hasFailed = app.then(() => {}); // rejects with what the app has written to stderr
  await Promise.race([hasFailed, expect.poll(seen, { timeout: 10_000 }).toBe(true)]);
  server.frame("message-1", { content: "Once upon" });
  if (transport === "http") await expect.poll(() => server.count("MessageStream"), { timeout: 10_000 }).toBe(2);
  server.frame("message-1", { content: "The end", status: "COMPLETE" });
  return JSON.parse((await app).stdout);
}

test("the package works with the globals of React Native", async () => {
  const seen = await run("websocket", () => server.live.includes("MessageStream message-1"));
  expect(seen).toEqual({
    texts: ["Once", "Once upon", "The end"],
    transports: ["websocket"],
    apollo: "The end",
    urql: "The end",
    keys: 100,
  });
});

test("without a WebSocket it works over HTTP", async () => {
  const seen = await run("http", () => server.count("MessageStream") === 1);
  expect(seen).toEqual({
    texts: ["Once", "Once upon", "The end"],
    transports: ["http"],
    apollo: "The end",
    urql: "The end",
    keys: 100,
  });
  expect(server.connects).toEqual([]);
});

test("the entries without hooks bundle without React", () => {
  const bundle = readdirSync(FOLDER).map((file) => readFileSync(join(FOLDER, file), "utf8"));
  const contains = (words: RegExp) => bundle.some((code) => words.test(code));
  expect(contains(/TwotrackLink/)).toBe(true);
  expect(contains(/useSyncExternalStore\(|from "react"/)).toBe(false);
});
