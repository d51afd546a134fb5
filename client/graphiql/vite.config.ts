import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const here = new URL(".", import.meta.url).pathname;

/** GraphiQL from our own files, so that it works with the network off. The server shows it at `/graphql`. */
export default defineConfig({
  root: here,
  base: "/graphql-assets/",
  plugins: [react()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    chunkSizeWarningLimit: 2_000,
    rolldownOptions: {
      output: { keepNames: true }, // its icons are announced by the names of their functions
      // GraphiQL is compiled already, and brings a directive that tells compilers so.
      onwarn: (warning, warn) => warning.code === "MODULE_LEVEL_DIRECTIVE" || warn(warning),
    },
  },
});
