// @vitest-environment node

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { snippets } from "./snippets.ts";

test("every snippet has a test", () => {
  expect([...snippets().keys()].sort()).toEqual([
    "Bubble.svelte",
    "Chat.svelte",
    "Story.spec.tsx",
    "apollo.tsx",
    "connection.ts",
    "events.ts",
    "existing-apollo.tsx",
    "existing-urql.ts",
    "follow.py", // in tests/integration/graphql/test_gql.py
    "follow.sh",
    "fragment.tsx",
    "graphcache.ts",
    "jest.config.cjs", // in test/environments
    "native.ts",
    "next.config.mjs", // in test/environments
    "notes.tsx",
    "older.tsx",
    "optimistic.tsx",
    "pacer.ts",
    "plain.ts",
    "providers.tsx", // in test/environments
    "relay.ts",
    "sending.tsx",
    "session.tsx",
    "smooth.tsx",
    "stores.ts",
    "suspense.tsx",
    "svelte.ts",
    "testing.tsx",
    "urql-older.tsx",
    "urql.tsx",
    "vue.ts",
  ]);
});

test("the table of compatibility has the ranges of all peer dependencies", () => {
  const { peerDependencies } = JSON.parse(readFileSync("package.json", "utf8")) as {
    peerDependencies: Record<string, string>;
  };
  const table = readFileSync("README.md", "utf8").replaceAll("\\|", "|").replaceAll(/ +/g, " ");
  for (const [name, range] of Object.entries(peerDependencies))
    expect(table.includes(`| \`${name}\` | \`${range}\` |`), name).toBe(true);
});

test.each(["core", "producer", "apollo", "apollo/react", "testing", "urql", "urql/react"])(
  "the README names all values that %s exports",
  async (entry) => {
    const readme = readFileSync("README.md", "utf8");
    const names = Object.keys(await import(/* @vite-ignore */ `../../src/${entry}/index.ts`)).filter(
      (name) => !/Doc(ument)?$/.test(name),
    );
    expect(names).not.toEqual([]);
    expect(names.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  },
);
