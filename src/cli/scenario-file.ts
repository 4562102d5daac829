import { type Choices, type Opened, openScenario as open, type Prepared, prepare, type Refused } from "../prepare.ts";
import { CodeError, type Io, UsageError } from "./io.ts";

/** Throws a UsageError for one that cannot be read, with all its problems; a CodeError if its module throws. */
export async function openScenario(io: Io, path: string): Promise<Opened> {
  return accepted(await open(path, io.environment));
}

/** Throws a UsageError where what is asked for does not fit the scenario. */
export function planOf(io: Io, scenario: Opened, choices: Choices): Prepared {
  return accepted(prepare(scenario, choices, io.wallClock));
}

/** What it is, if it was not refused. */
export function accepted<T extends { kind: string }>(result: T | Refused): Exclude<T, Refused> {
  if (result.kind !== "refused") return result as Exclude<T, Refused>;
  const { because, message } = result as Refused;
  throw because === "code" ? new CodeError(message) : new UsageError(message);
}
