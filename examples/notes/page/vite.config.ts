import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { sources } from "../../../client/vite.config.ts";

/** Builds the page of the notes. The packages are those of `client/`; the link `node_modules` leads there. */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  resolve: { alias: sources },
  build: { outDir: "dist", emptyOutDir: true },
});
