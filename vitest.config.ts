import { defineConfig } from "vitest/config";

const slow = ["test/faults/**/*.test.ts", "test/**/*.slow.test.ts"];

export default defineConfig({
  test: {
    reporters: ["default", "./test/reporter.ts"],
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/e2e/**", ...slow],
          testTimeout: 30_000,
        },
      },
      // Properties of thousands of cases, and faults that have to time out: not for every save.
      { test: { name: "slow", include: slow, testTimeout: 60_000 } },
      {
        // Real services and the real program: one file at a time, so that they do not load each other.
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
