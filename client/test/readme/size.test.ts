// @vitest-environment node
import { gzipSync } from "node:zlib";
import { build, type Rolldown } from "vite";
import { expect, test } from "vitest";
import { sources } from "../../vite.config.ts";

/** Peer dependencies, which a page has anyway. */
const PEERS = /^(react|rxjs|graphql|wonka|urql|@urql\/core|@apollo\/client)(\/|$)/;

/** Bundles these exports, and returns what a page loads at first, in bytes, minified and gzipped. */
async function size(source: string): Promise<number> {
  const { output } = (await build({
    configFile: false,
    logLevel: "error",
    resolve: { alias: sources },
    plugins: [
      {
        name: "entry",
        resolveId: (id) => (id === "entry" ? id : null),
        load: (id) => (id === "entry" ? source : null),
      },
    ],
    build: {
      write: false,
      minify: true,
      modulePreload: false,
      rolldownOptions: { input: "entry", external: PEERS, preserveEntrySignatures: "strict" },
    },
  })) as Rolldown.RolldownOutput;
  const chunks = output.filter((file) => file.type === "chunk");
  // Not the HTTP transport, which is loaded when it is needed.
  const atFirst = new Set(chunks.filter(({ isEntry }) => isEntry));
  for (const { imports } of atFirst)
    for (const chunk of chunks) if (imports.includes(chunk.fileName)) atFirst.add(chunk);
  return [...atFirst].reduce((sum, { code }) => sum + gzipSync(code, { level: 9 }).byteLength, 0);
}

// A budget is about 5 % above the size. Raise one only with a reason that its users would accept.
test.each([
  ['export { pacer } from "@twotrack/client"', 1_700],
  ['export { createConnection } from "@twotrack/client"', 12_000],
  ['export * from "@twotrack/client"', 14_500],
  ['export { useMessageStream } from "@twotrack/client/apollo/react"', 3_300],
  ['export * from "@twotrack/client/apollo"; export * from "@twotrack/client/apollo/react"', 17_000],
  ['export { useMessageStream } from "@twotrack/client/urql/react"', 2_700],
  ['export * from "@twotrack/client/urql"; export * from "@twotrack/client/urql/react"', 16_700],
  ['export * from "@twotrack/client/producer"', 3_600],
  ['export { SendMessageDocument } from "@twotrack/client/operations"', 560],
  ['export * from "@twotrack/client/testing"', 5_500],
])("%s: at most %i bytes", async (source, most) => {
  const bytes = await size(source);
  expect(bytes).toBeLessThanOrEqual(most);
  expect(bytes).toBeGreaterThan(most * 0.85); // else the budget is out of date
});
