import { defineConfig } from "vitest/config";
import { sources } from "./vite.config.ts";

export default defineConfig({
  resolve: {
    // The test server runs graphql-js in this process, and two copies of it refuse each other's schemas.
    alias: { ...sources, graphql: new URL("node_modules/graphql/index.js", import.meta.url).pathname },
  },
  test: {
    environment: "happy-dom",
    // Resolved by Vite, which picks their build for the test's environment: for the browser, or for the server.
    server: { deps: { inline: [/@apollo\/client-(integration-nextjs|react-streaming)/] } },
    include: ["test/**/*.test.{ts,tsx}"],
    setupFiles: ["test/setup.ts"],
    testTimeout: 20_000,
    hookTimeout: 30_000, // starts a real server, on cores that other tests share
  },
});
