import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const here = new URL(".", import.meta.url).pathname;

/** Bundles GraphiQL, so that it works without internet access. The server shows it at `/graphql`. */
export default defineConfig({
  root: here,
  base: "/graphql-assets/",
  plugins: [react()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    chunkSizeWarningLimit: 2_000,
    rolldownOptions: {
      output: { keepNames: true }, // GraphiQL derives the accessible names of its icons from function names
      // GraphiQL contains a directive for the React compiler, which Rolldown ignores.
      onwarn: (warning, warn) => warning.code === "MODULE_LEVEL_DIRECTIVE" || warn(warning),
    },
  },
});
