import type { Profile } from "./profile.ts";
import type { Notes } from "./selection.ts";
import type { Shape } from "./shape.ts";

/** What a run asks of its load, beside or in place of a profile's. */
export interface LoadChoice {
  profile?: string;
  /** Of a profile that has a number of users; not of stages, arrivals or several loads. */
  users?: number;
  /** Users a second, where there is a number of users that are spawned. */
  spawnRate?: number;
  /** Iterations started a second, of a profile with one rate of arrivals. */
  arrivals?: number;
  /** A load in place of the profile's; without `profile` no profile counts then. Not with `users` and `spawnRate`. */
  shape?: Shape;
  /** No load: the target is watched for `durationMs`, or until the run is stopped. */
  watchOnly?: boolean;
}

/** Which kind of load has a place for an option. */
const optionPlaces: Record<"users" | "spawnRate" | "arrivals", { kinds: Shape["kind"][]; expected: string }> = {
  users: { kinds: ["users", "iterations"], expected: "a profile with a number of users" },
  spawnRate: { kinds: ["users"], expected: "a profile with users that are spawned" },
  arrivals: { kinds: ["arrivals"], expected: "a profile with one rate of arrivals" },
};

/** The profile where none is named: the only one, or the one named `default`. */
export function usualProfile(profiles: readonly Profile[]): Profile | undefined {
  return profiles.length === 1 ? profiles[0] : profiles.find(({ name }) => name === "default");
}

/** The profile of a run; one of the choice's own where the scenario has none for it. */
export function chosenProfile(profiles: readonly Profile[], choice: LoadChoice, notes: Notes): Profile {
  const { profile: wanted, users, shape } = choice;
  const names = profiles.map(({ name }) => name);
  const load = { shape: shape ?? ({ kind: "users", users: users ?? 1 } as const), startMs: 0 };
  const adHoc: Profile = { name: "default", loads: [load], thresholds: [] };
  if (wanted !== undefined) {
    const found = profiles.find(({ name }) => name === wanted);
    if (found === undefined) {
      notes.unknown("unknown-reference", "profiles", wanted, names);
      return adHoc;
    }
    return shape === undefined ? found : { ...found, loads: [load] };
  }
  if (shape !== undefined) return adHoc;
  const chosen = profiles.length === 0 ? adHoc : usualProfile(profiles);
  if (chosen === undefined && users === undefined && choice.watchOnly !== true) {
    const hint = `--profile ${names[0]} runs it; --users 10 runs so many users without a profile`;
    notes.report("profile-needed", "profiles", { expected: `one of ${names.join(", ")}`, hint });
  }
  return chosen ?? adHoc;
}

/** An option that a profile has no place for is a mistake: a load of another size than was asked for would not be noticed. */
export function checkLoadOptions({ name, loads }: Profile, choice: LoadChoice, { report }: Notes): void {
  const [first, ...more] = loads;
  const kind = first?.shape.kind;
  for (const option of ["users", "spawnRate", "arrivals"] as const) {
    if (choice[option] === undefined) continue;
    const { kinds, expected } = optionPlaces[option];
    if (more.length === 0 && kind !== undefined && kinds.includes(kind)) continue;
    const what = more.length > 0 ? "several loads" : kind === "rate stages" ? "stages" : kind;
    report("option", option, {
      key: option,
      expected,
      got: `${name}, which has ${what}`,
      hint: "change the profile, or add one",
    });
  }
}
