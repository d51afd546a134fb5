// @vitest-environment node

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
    "native.ts",
    "notes.tsx",
    "older.tsx",
    "pacer.ts",
    "plain.ts",
    "relay.ts",
    "sending.tsx",
    "session.tsx",
    "smooth.tsx",
    "stores.ts",
    "svelte.ts",
    "testing.tsx",
    "urql.tsx",
    "vue.ts",
  ]);
});
