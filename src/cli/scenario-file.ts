import { type Choices, type Opened, openScenario as open, type Prepared, prepare, type Refused } from "../prepare.ts";
import { CodeError, type Io, UsageError } from "./io.ts";

/** Throws a UsageError for one that cannot be read, with all its problems; a CodeError if its module throws. */
export async function openScenario(io: Io, path: string): Promise<Opened> {
  return accepted(await open(path, io.environment));
}

/**
 * Throws a UsageError where what is asked for does not fit the scenario. The commit that a CI system says it is at (GitHub,
 * GitLab) becomes the label `git_sha`, unless the scenario or a flag says another.
 */
export function planOf(io: Io, opened: Opened, { labels, ...choices }: Choices): Prepared {
  const { GITHUB_SHA, CI_COMMIT_SHA } = io.environment;
  const sha = GITHUB_SHA || CI_COMMIT_SHA;
  const commit = sha && !("git_sha" in opened.scenario.labels) ? { git_sha: sha } : {};
  return accepted(prepare(opened, { ...choices, labels: { ...commit, ...labels } }, io.wallClock));
}

/** What it is, if it was not refused. */
export function accepted<T extends { kind: string }>(result: T | Refused): Exclude<T, Refused> {
  if (result.kind !== "refused") return result as Exclude<T, Refused>;
  const { because, message } = result as Refused;
  throw because === "code" ? new CodeError(message) : new UsageError(message);
}
