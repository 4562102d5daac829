import type { Profile } from "../scenario/profile.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { Choices } from "../ui/control.ts";
import type { LocustSettings } from "./locust/settings.ts";

/** Stands for the command line's numbers alone, where a scenario has no profile or they are not of one. */
export const NO_PROFILE = "–";

type Given = Pick<LocustSettings, "profile" | "host" | "users" | "spawnRate" | "runTimeMs">;

/** What the page's start form offers: the scenario's profiles, as the command line changes them. */
export function choicesOf({ name, host, profiles, classes }: Scenario, given: Given): Choices {
  const named = profiles.map((profile) => offered(profile, given));
  const bare = { name: NO_PROFILE, users: given.users ?? 1, arrivals: null, ...timesOf(given) };
  const alone = profiles.length === 0 || (profiles.length > 1 && given.users !== undefined);
  const offers = alone ? [bare, ...named] : named;
  const usual = offers.find((one) => one.name === "default") ?? offers[0] ?? bare;
  return {
    scenario: name,
    // One that holds a secret is not shown: left empty, it is the scenario's.
    host: given.host ?? (typeof host?.url === "string" ? host.url : ""),
    profiles: offers,
    profile: given.profile ?? (alone ? NO_PROFILE : usual.name),
    classes: classes.map((one) => one.name),
    tags: [...new Set(classes.flatMap(({ tasks }) => tasks.flatMap((task) => task.tags ?? [])))],
  };
}

function offered({ name, loads }: Profile, given: Given): Choices["profiles"][number] {
  const [only, ...more] = loads;
  const shape = more.length === 0 && only?.shape.kind === "users" ? only.shape : undefined;
  const open = more.length === 0 && only?.shape.kind === "arrivals" ? only.shape : undefined;
  return {
    name,
    users: shape === undefined ? null : (given.users ?? shape.users),
    spawnRate: shape === undefined ? null : (given.spawnRate ?? shape.spawnRate ?? null),
    arrivals: open?.perSecond ?? null,
    durationMs: given.runTimeMs ?? (shape ?? open)?.durationMs ?? null,
  };
}

function timesOf({ spawnRate, runTimeMs }: Given) {
  return { spawnRate: spawnRate ?? null, durationMs: runTimeMs ?? null };
}
