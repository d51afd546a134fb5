import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { preload } from "./app/preload/vitePlugin.ts";

const here = (path: string) => new URL(path, import.meta.url).pathname;
const server = process.env.TWOTRACK_SERVER ?? "http://127.0.0.1:8000";

/** The package by its name, from its sources. */
export const sources = {
  "@twotrack/client/apollo": here("src/apollo/index.ts"),
  "@twotrack/client/urql": here("src/urql/index.ts"),
  "@twotrack/client": here("src/core/index.ts"),
};

/** The chat page. It takes the package as any team's page would, by its name. */
export default defineConfig({
  root: here("app"),
  plugins: [react(), preload()],
  resolve: { alias: sources },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600,
    rolldownOptions: {
      output: {
        // Has Chromium compile scripts while they arrive, beside the page's own thread, and not each function when it is
        // called. React by itself is compiled at the same time as all else, and stays in the browser's cache.
        postBanner: "//# allFunctionsCalledOnLoad",
        codeSplitting: { groups: [{ name: "react", test: /\/node_modules\/(react|react-dom|scheduler)\// }] },
      },
    },
  },
  server: { proxy: { "/graphql": { target: server, ws: true } } },
});
