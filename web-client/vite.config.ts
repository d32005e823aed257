import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const page = (name: string): string => fileURLToPath(new URL(`${name}.html`, import.meta.url));

/* Where `npm run dev` finds a running server; pages themselves are always served by the server. */
const server = process.env["PARLOUR_SERVER"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  server: {
    proxy: Object.fromEntries(
      ["/api", "/whip", "/whep", "/signin", "/w/"].map((path) => [path, server]),
    ),
  },
  /* The worker that cuts people out fetches its model when it is wanted. */
  worker: { format: "es" },
  build: {
    target: ["es2021", "safari15", "firefox100", "chrome96"],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: true,
    rollupOptions: {
      input: {
        console: page("console"),
        visit: page("visit"),
        walkthrough: page("walkthrough"),
        embed: page("embed"),
        check: page("check"),
      },
    },
  },
  test: {
    include: ["tests/**/*.test.ts"],
    environment: "node",
  },
});
