import { defineConfig } from "vitest/config";

const e2e = "test/e2e/**/*.test.ts";
const slow = ["test/faults/**/*.test.ts", "test/**/*.slow.test.ts"];

/**
 * They load the machine as far as it goes, or measure how evenly and at what cost the load comes; `package` builds `dist` anew,
 * from which the others have the page.
 */
const alone = [
  "bench",
  "beside-locust",
  "criteria",
  "demo",
  "exporting",
  "find",
  "guides",
  "open-model",
  "package",
].map((name) => `test/e2e/${name}.test.ts`);

export default defineConfig({
  test: {
    reporters: ["default", "./test/reporter.ts"],
    // What is waited for comes soon, but on a busy machine.
    expect: { poll: { timeout: 20_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: [e2e, ...slow],
          // Half of the time went to loading the same modules for each file anew: they leave nothing behind in them.
          isolate: false,
          // By default Vitest leaves one core free, which is half of a small machine.
          maxWorkers: "100%",
          testTimeout: 30_000,
        },
      },
      {
        // Properties of thousands of cases, and faults that have to time out: not for every save.
        extends: true,
        test: { name: "slow", include: slow, maxWorkers: "100%", testTimeout: 60_000 },
      },
      {
        // Real services and the real program, under little load: mostly they wait, and so two files at a time.
        extends: true,
        test: {
          name: "e2e",
          include: [e2e],
          exclude: alone,
          sequence: { groupOrder: 1 },
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: { name: "e2e-alone", include: alone, fileParallelism: false, testTimeout: 120_000, hookTimeout: 60_000 },
      },
    ],
  },
});
