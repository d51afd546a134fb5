import { defineConfig } from "vite";
import { sources } from "../../client/vite.config.ts";

/** Bundles the agent for Node. The packages are those of `client/`; the link `node_modules` leads there. */
export default defineConfig({
  root: import.meta.dirname,
  resolve: { alias: sources },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    minify: false,
    target: "node20",
    lib: { entry: "agent.ts", formats: ["es"], fileName: "agent" },
  },
});
