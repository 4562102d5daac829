import { defaultBounds } from "../metrics/vocabulary.ts";
import { nearest } from "../verdict/spelling.ts";
import { namedLatencies, type Threshold } from "../verdict/threshold.ts";
import { type Address, type Host, hostOf, resolve } from "./address.ts";
import {
  type Plan,
  type Source,
  type Stage,
  type Step,
  type Template,
  UNTIL_STOPPED_MS,
  type UserClass,
} from "./plan.ts";
import type { Problem, ProblemCode, ProblemParams } from "./problem.ts";
import type { ScenarioStep } from "./request.ts";
import type { Profile, Scenario } from "./scenario.ts";
import type { ScenarioClass } from "./user-class.ts";
import type { ScenarioSource } from "./watch.ts";

/** What a run decides; what is given wins over the scenario. */
export interface PlanOptions {
  profile?: string;
  /** The service's URL. */
  host?: string;
  users?: number;
  /** Users a second. */
  spawnRate?: number;
  /** The whole run, spawning included. */
  durationMs?: number;
  /** The user classes to drive; none means all. */
  classes?: readonly string[];
  seed: number;
  /** Tells runs of the same second apart. */
  suffix: string;
  /** Wall clock, Unix ms. */
  startedAt: number;
  /** Plimsoll's. */
  version: string;
  /** Beside the scenario's, and in place of those with the same name. */
  labels?: Record<string, string>;
}

/** As Locust, where nothing else is said. */
const DEFAULT_SPAWN_RATE = 1;

/**
 * Makes the Plan of one run, frozen. Without `profile` it is the only one, or the one named `default`; a scenario with
 * several others needs a name, or `users`; one without any drives 1 user until it is stopped. Users are reached linearly,
 * 1 a second unless something is said, and held so that the whole lasts the duration; what a duration has no time to
 * spawn is cut off, as in Locust. Problems that are of the options and not of the file are on line 0.
 */
export function makePlan(scenario: Scenario, options: PlanOptions): { plan: Plan } | { problems: Problem[] } {
  const making = new Making(scenario, options);
  const plan = making.plan();
  return making.problems.length > 0 ? { problems: making.problems } : { plan: freeze(plan) };
}

class Making {
  readonly problems: Problem[] = [];
  readonly #scenario: Scenario;
  readonly #options: PlanOptions;
  readonly #host: Host | undefined;

  constructor(scenario: Scenario, options: PlanOptions) {
    this.#scenario = scenario;
    this.#options = options;
    this.#host = this.#hostOf(options.host);
  }

  plan(): Plan {
    const { name: scenario, sources, traces } = this.#scenario;
    const { suffix, version, startedAt, seed } = this.#options;
    const profile = this.#profile();
    const stages = [this.#stage(profile)];
    const classes = this.#classes().map((one) => this.#class(one));
    const thresholds = thresholdsOf(this.#scenario.thresholds, profile.thresholds);
    return {
      runId: runIdOf(startedAt, [scenario, profile.name, suffix]),
      version,
      scenario,
      profile: profile.name,
      target: this.#host?.authority ?? firstAuthority(classes),
      startedAt,
      seed,
      loads: [{ load: { kind: "users", stages }, classes, startMs: 0 }],
      warmUpMs: 0,
      thresholds,
      sources: sources.map((source) => this.#source(source, stages)),
      bounds: boundsOf(thresholds),
      ...(traces === undefined ? {} : { traces }),
      labels: { ...this.#scenario.labels, ...this.#options.labels },
    };
  }

  #report(code: ProblemCode, path: string, params: ProblemParams): undefined {
    this.problems.push({ code, line: 0, column: 0, path, params });
  }

  #unknown(path: string, key: string, names: readonly string[]): undefined {
    const suggestion = nearest(key, names);
    const expected = names.length === 0 ? "none: the scenario has none" : `one of ${names.join(", ")}`;
    return this.#report("unknown-reference", path, {
      key,
      expected,
      ...(suggestion === undefined ? {} : { suggestion }),
    });
  }

  #hostOf(text: string | undefined): Host | undefined {
    if (text === undefined) return this.#scenario.host;
    const host = hostOf(text);
    return "code" in host ? this.#report(host.code, "host", host.params) : host;
  }

  #profile(): Profile {
    const { profiles } = this.#scenario;
    const { profile: wanted, users } = this.#options;
    const names = profiles.map(({ name }) => name);
    const adHoc: Profile = { name: "default", users: users ?? 1, thresholds: [] };
    if (wanted !== undefined) {
      const found = profiles.find(({ name }) => name === wanted);
      if (found === undefined) this.#unknown("profiles", wanted, names);
      return found ?? adHoc;
    }
    const [only = adHoc, ...more] = profiles;
    const chosen = more.length === 0 ? only : profiles.find(({ name }) => name === "default");
    if (chosen === undefined && users === undefined) {
      this.#report("profile-needed", "profiles", { expected: `one of ${names.join(", ")}` });
    }
    return chosen ?? adHoc;
  }

  #stage(profile: Profile): Stage {
    const { users = profile.users, durationMs = profile.durationMs } = this.#options;
    const spawnRate = this.#options.spawnRate ?? profile.spawnRate ?? DEFAULT_SPAWN_RATE;
    const overMs = (users / spawnRate) * 1000;
    if (durationMs === undefined) return { users, overMs, forMs: UNTIL_STOPPED_MS };
    if (overMs <= durationMs) return { users, overMs, forMs: durationMs - overMs };
    return { users: Math.max(1, Math.floor((durationMs / 1000) * spawnRate)), overMs: durationMs, forMs: 0 };
  }

  #classes(): ScenarioClass[] {
    const { classes } = this.#scenario;
    const { classes: wanted = [] } = this.#options;
    const names = classes.map(({ name }) => name);
    for (const name of wanted) if (!names.includes(name)) this.#unknown("users", name, names);
    return wanted.length === 0 ? classes : classes.filter(({ name }) => wanted.includes(name));
  }

  #class({ start, tasks, ...userClass }: ScenarioClass): UserClass {
    return {
      ...userClass,
      start: start.map((step) => this.#step(step)),
      tasks: tasks.map((task) => ({ ...task, steps: task.steps.map((step) => this.#step(step)) })),
    };
  }

  #step({ address, ...step }: ScenarioStep): Step {
    return { ...step, url: this.#url(address) };
  }

  #source({ address, everyMs, timeoutMs, ...source }: ScenarioSource, stages: Stage[]): Source {
    const every = everyMs ?? defaultEveryMs(stages);
    const timeout = timeoutMs ?? Math.min(5000, every * 0.8);
    return { ...source, url: this.#url(address), everyMs: every, timeoutMs: timeout };
  }

  #url(address: Address): Template {
    const url = resolve(address, this.#host);
    if (typeof url === "string" || Array.isArray(url)) return url;
    // A host that was given and is wrong was said once.
    if (this.#options.host === undefined) this.problems.push(url);
    return "";
  }
}

/** `20261121T101500Z-boss-workflow-light-3f2a`: sorts by time, and may be a file's name. */
function runIdOf(startedAt: number, names: string[]): string {
  const time = new Date(startedAt).toISOString().replace(/\.\d+/u, "").replaceAll(/[-:]/gu, "");
  return [time, ...names].map((name) => name.replaceAll(/[^\w.-]+/gu, "_").slice(0, 60)).join("-");
}

/** More often in short runs, where a second counts. */
function defaultEveryMs(stages: Stage[]): number {
  const lengthMs = stages.reduce((sum, { overMs, forMs }) => sum + overMs + forMs, 0);
  if (lengthMs <= 10 * 60_000) return 1000;
  return lengthMs <= 60 * 60_000 ? 5000 : 15_000;
}

/** The profile's come in place of the scenario's that ask the same of the same. */
function thresholdsOf(scenario: Threshold[], profile: Threshold[]): Threshold[] {
  const replaced = new Set(profile.map(subjectOf));
  return [...scenario.filter((threshold) => !replaced.has(subjectOf(threshold))), ...profile];
}

function subjectOf({ aggregation, subject, metric, filters, within }: Threshold): string {
  const labels = Object.entries(filters).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([aggregation, subject, metric, labels, within]);
}

function boundsOf(thresholds: Threshold[]): number[] {
  return [...new Set([...defaultBounds, ...thresholds.flatMap(namedLatencies)])].toSorted((a, b) => a - b);
}

/** A scenario without a host names the whole URL in each request. */
function firstAuthority(classes: UserClass[]): string {
  const steps = classes.flatMap(({ start, tasks }) => [...start, ...tasks.flatMap((task) => task.steps)]);
  for (const { url } of steps) {
    const first = typeof url === "string" ? url : url[0];
    const authority = typeof first === "string" ? /^https?:\/\/([^/?#]+)/iu.exec(first)?.[1] : undefined;
    if (authority !== undefined) return authority;
  }
  return "";
}

function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) freeze(inner);
  }
  return value;
}
