import type { Reporter, TestCase, TestModule } from "vitest/node";
import { leftOut } from "./services.ts";

/** Says what was left out for want of a service, and ends with one plain line that any CI can read. */
export default class PlainReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: ReturnType<TestCase["result"]>["state"]) =>
      tests.filter((test) => test.result().state === state).length;
    const broken = modules.filter((module) => module.errors().length > 0).length;
    for (const line of leftOut()) process.stdout.write(`left out: ${line}\n`);
    process.stdout.write(
      `${count("passed")} passed, ${count("failed") + broken} failed, ${count("skipped")} skipped\n`,
    );
  }
}
