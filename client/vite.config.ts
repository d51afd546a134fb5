import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";
import { preload } from "./app/preload/vitePlugin.ts";

const here = (path: string) => new URL(path, import.meta.url).pathname;
const server = process.env.TWOTRACK_SERVER ?? "http://127.0.0.1:8000";

/** Resolves the package's public names to its sources. */
export const sources = {
  "@twotrack/client/apollo/react": here("src/apollo/react/index.ts"),
  "@twotrack/client/urql/react": here("src/urql/react/index.ts"),
  "@twotrack/client/apollo": here("src/apollo/index.ts"),
  "@twotrack/client/urql": here("src/urql/index.ts"),
  "@twotrack/client/operations": here("src/operations/index.ts"),
  "@twotrack/client/testing": here("src/testing/index.ts"),
  "@twotrack/client/producer": here("src/producer/index.ts"),
  "@twotrack/client": here("src/core/index.ts"),
};

/** All browsers that the page supports read woff2, so the other two formats of each font are left out. */
const onlyWoff2: Plugin = {
  name: "only-woff2",
  enforce: "pre",
  transform: (code, id) =>
    /katex.*\.css/.test(id) ? code.replace(/,url\([^)]+\) format\("(?:woff|truetype)"\)/g, "") : undefined,
};

/** Builds the chat page, which imports the package by its public names, as any other project would. */
export default defineConfig({
  root: here("app"),
  plugins: [react(), preload(), onlyWoff2],
  resolve: { alias: sources },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600,
    rolldownOptions: {
      output: {
        // Makes Chromium compile all functions while the script loads, off the main thread, instead of at the first call.
        // React is a chunk of its own: compiled in parallel, and cached when only the page changes.
        postBanner: "//# allFunctionsCalledOnLoad",
        codeSplitting: { groups: [{ name: "react", test: /\/node_modules\/(react|react-dom|scheduler)\// }] },
      },
    },
  },
  server: { proxy: { "/graphql": { target: server, ws: true } } },
});
