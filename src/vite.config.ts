import { defineConfig } from "vite";

/** The programs of a build: each loads few files in place of hundreds (ADR 16). tsc has checked them and writes their types. */
export default defineConfig({
  // What every start of a run loads; all else is loaded from its package when it is used.
  ssr: {
    target: "node",
    noExternal: [
      "undici",
      "zod",
      "yaml",
      "commander",
      "json-p3",
      "csv-parse",
      "simple-statistics",
      "tough-cookie",
      "tldts",
    ],
  },
  build: {
    ssr: true,
    target: "node24",
    emptyOutDir: false,
    license: { fileName: "licenses.md" },
    rollupOptions: {
      input: {
        main: "src/main.ts",
        index: "src/index.ts",
        "cluster/thread": "src/cluster/thread.ts",
        "cli/archive-thread": "src/cli/archive-thread.ts",
        "demo/main": "src/demo/main.ts",
      },
      output: { entryFileNames: "[name].js", chunkFileNames: "[name].js" },
    },
  },
});
