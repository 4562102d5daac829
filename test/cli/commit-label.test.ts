import { expect, it } from "vitest";
import { planOf } from "../../src/cli/scenario-file.ts";
import { openValue } from "../../src/prepare.ts";

const scenario = (labels: Record<string, string>) => ({
  name: "shop",
  host: "http://localhost:8000",
  users: { One: { tasks: { Read: { get: "/" } } } },
  labels,
});

it.each([
  ["GitHub's", { GITHUB_SHA: "abc" }, {}, {}, { git_sha: "abc" }],
  ["GitLab's", { CI_COMMIT_SHA: "def" }, {}, {}, { git_sha: "def" }],
  ["none", {}, {}, {}, {}],
  ["an empty one", { GITHUB_SHA: "" }, {}, {}, {}],
  [
    "one beside other labels",
    { GITHUB_SHA: "abc" },
    { team: "a" },
    { run: "b" },
    { git_sha: "abc", team: "a", run: "b" },
  ],
  ["the scenario's own", { GITHUB_SHA: "abc" }, { git_sha: "mine" }, {}, { git_sha: "mine" }],
  ["a flag's", { GITHUB_SHA: "abc" }, { git_sha: "mine" }, { git_sha: "said" }, { git_sha: "said" }],
])("the commit of a run is %s", (_, environment, ofScenario, flags, labels) => {
  const opened = openValue(scenario(ofScenario), undefined, environment);
  if (opened.kind !== "opened") throw new Error(opened.message);
  const ignored = { write: () => true };
  const io = { argv: [], environment, stdout: ignored, stderr: ignored, onSignal: () => () => {}, wallClock: () => 0 };
  expect(planOf(io, opened, { version: "1", labels: flags }).plan.labels).toEqual(labels);
});
