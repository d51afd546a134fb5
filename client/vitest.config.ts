import { compile } from "svelte/compiler";
import { defineConfig, type Plugin } from "vitest/config";
import { sources } from "./vite.config.ts";

const svelte: Plugin = {
  name: "svelte",
  transform: (code, id) => (id.endsWith(".svelte") ? compile(code, { filename: id, generate: "client" }).js : null),
};

export default defineConfig({
  plugins: [svelte],
  resolve: {
    // The test server runs graphql-js in this process, and two copies of it refuse each other's schemas.
    alias: {
      ...sources,
      graphql: new URL("node_modules/graphql/index.js", import.meta.url).pathname,
      "svelte/store": new URL("node_modules/svelte/src/store/index-client.js", import.meta.url).pathname,
      "svelte/internal": new URL("node_modules/svelte/src/internal", import.meta.url).pathname,
      svelte: new URL("node_modules/svelte/src/index-client.js", import.meta.url).pathname, // not the server's
    },
  },
  test: {
    environment: "happy-dom",
    maxWorkers: 4, // most of their time goes by waiting for a server
    // Resolved by Vite, which picks their build for the test's environment: for the browser, or for the server.
    server: { deps: { inline: [/@apollo\/client-(integration-nextjs|react-streaming)/] } },
    include: ["test/**/*.test.{ts,tsx}"],
    setupFiles: ["test/setup.ts"],
    testTimeout: 20_000,
    hookTimeout: 120_000, // starts a real server, on cores that other tests share
  },
});
