/** The packed package in runtimes that are no browsers: the bundle of `app.ts`, with the globals of React Native. */

import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { build } from "vite";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { TestServer } from "../server.ts";

/** `app` returns a folder in whose `node_modules` the package is installed. */
export function runsOnBareRuntimes(app: () => string): void {
  let server: TestServer;
  let folder: string;

  beforeAll(async () => {
    folder = join(app(), "bare");
    mkdirSync(folder);
    copyFileSync("test/runtime/app.ts", join(folder, "app.ts"));
    await build({
      configFile: false,
      root: folder,
      logLevel: "error",
      build: { minify: false, lib: { entry: join(folder, "app.ts"), formats: ["es"], fileName: "app" } },
    });
  }, 60_000);
  beforeEach(async () => {
    server = await TestServer.start();
    server.add({ status: "STREAMING", content: "Once" });
  });
  afterEach(() => server.stop());

  /** Runs the app while the reply grows, each time that the app has seen the text so far. */
  async function run(transport: "websocket" | "http", seen: () => boolean): Promise<Record<string, unknown>> {
    const args = [resolve("test/runtime/bare.mjs"), join(folder, "dist/app.js"), server.url, transport];
    const app = promisify(execFile)(process.execPath, args);
    const hasFailed = app.then(() => {}); // rejects with what the app has written to stderr
    await Promise.race([hasFailed, expect.poll(seen, { timeout: 10_000 }).toBe(true)]);
    server.frame("message-1", { content: "Once upon" });
    if (transport === "http") await expect.poll(() => server.count("MessageStream"), { timeout: 10_000 }).toBe(2);
    server.frame("message-1", { content: "Once upon a time", status: "COMPLETE" });
    return JSON.parse((await app).stdout);
  }

  const expected = {
    texts: ["Once", "Once upon", "Once upon a time"],
    sent: ["by itself", "by Apollo", "by urql"],
    apollo: "Once upon a time",
    urql: "Once upon a time",
    keys: 100,
  };

  test("the package works with the globals of React Native", async () => {
    const seen = await run("websocket", () => server.live.includes("MessageStream message-1"));
    expect(seen).toEqual({ ...expected, transports: ["websocket"] });
  });

  test("without a WebSocket it works over HTTP", async () => {
    const seen = await run("http", () => server.count("MessageStream") === 1);
    expect(seen).toEqual({ ...expected, transports: ["http"] });
    expect(server.connects).toEqual([]);
  });

  test("the entries without hooks bundle without React", () => {
    const dist = join(folder, "dist");
    const bundle = readdirSync(dist).map((file) => readFileSync(join(dist, file), "utf8"));
    const contains = (words: RegExp) => bundle.some((code) => words.test(code));
    expect(contains(/TwotrackLink/)).toBe(true);
    expect(contains(/useSyncExternalStore\(|from "react"/)).toBe(false);
  });
}
