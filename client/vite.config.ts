import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const here = (path: string) => new URL(path, import.meta.url).pathname;
const server = process.env.TWOTRACK_SERVER ?? "http://127.0.0.1:8000";

/** The chat page. It takes the package as any team's page would, by its name. */
export default defineConfig({
  root: here("app"),
  plugins: [react()],
  resolve: {
    alias: { "@twotrack/client/apollo": here("src/apollo/index.ts"), "@twotrack/client": here("src/core/index.ts") },
  },
  build: { outDir: "dist", emptyOutDir: true },
  server: { proxy: { "/graphql": { target: server, ws: true } } },
});
