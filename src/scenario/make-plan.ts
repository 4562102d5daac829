import { defaultBounds } from "../metrics/vocabulary.ts";
import { nearest } from "../verdict/spelling.ts";
import { namedLatencies, type Threshold } from "../verdict/threshold.ts";
import { type Address, firstAuthority, type Host, hostOf, resolve } from "./address.ts";
import { type ClassChanges, changed } from "./class-change.ts";
import { coveredBy } from "./coverage.ts";
import { feedsIn } from "./feed.ts";
import type { FeedTable } from "./feed-table.ts";
import { type CodeStep, codeOf, mapSteps, requestsOf } from "./flow.ts";
import { endOfLoads, type Feed, type Plan, type PlannedLoad, UNTIL_STOPPED_MS, type UserClass } from "./plan.ts";
import type { RequestStep, Template } from "./plan-request.ts";
import type { Source } from "./plan-source.ts";
import type { Problem, ProblemCode, ProblemParams } from "./problem.ts";
import type { Profile } from "./profile.ts";
import { checkLoadOptions, chosenProfile, type LoadChoice } from "./profile-choice.ts";
import type { ScenarioRequest } from "./request.ts";
import type { Scenario } from "./scenario.ts";
import { checkFixedCounts, type Notes, type TagChoice, tagged } from "./selection.ts";
import { loadOf } from "./shape.ts";
import { mergedThresholds } from "./thresholds.ts";
import type { ScenarioClass } from "./user-class.ts";
import type { ScenarioSource } from "./watch.ts";

/** What a run decides; what is given wins over the scenario. */
export interface PlanOptions extends ClassChanges, LoadChoice, TagChoice {
  /** The service's URL. */
  host?: string;
  /** What of the scenario is left out. Without thresholds nothing is judged then: failed requests do not fail the run. */
  without?: readonly ("setup" | "teardown" | "thresholds")[];
  /** How many redirects are followed where a request does not say. */
  maxRedirects?: number;
  /** No certificate of the target is looked at. */
  insecure?: boolean;
  /** Parts of exchanges and whole iterations are timed, whatever the scenario says. */
  timings?: "full" | undefined;
  /** The whole run, spawning included; stages that would go on are cut off. */
  durationMs?: number;
  /** Sources may run commands of the scenario. */
  allowCommands?: boolean;
  /** The user classes to drive; none means all. */
  classes?: readonly string[];
  /** How long users may take at the end to finish what they have begun. */
  stopTimeoutMs?: number;
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

/**
 * Makes the Plan of one run, frozen. Without `profile` it is the only one, or the one named `default`; a scenario with
 * several others needs a name, or `users`; one without any drives 1 user until it is stopped. The classes that are asked for
 * are taken out of each load; one that has none of them, or begins after the run's end, is left out. Problems that are of
 * the options and not of the file are on line 0.
 */
export function makePlan(scenario: Scenario, options: PlanOptions): Planned | { problems: Problem[] } {
  const making = new Making(scenario, options);
  const plan = making.plan();
  if (making.problems.length > 0) return { problems: making.problems };
  const used = new Set(plan.feeds?.map(({ name }) => name));
  return { plan: freeze(plan), feeds: scenario.feeds.flatMap(({ name, table }) => (used.has(name) ? table : [])) };
}

/** A plan, and the rows of its feeds, which are not for the run file. */
export interface Planned {
  plan: Plan;
  feeds: FeedTable[];
}

class Making {
  readonly problems: Problem[] = [];
  readonly #scenario: Scenario;
  readonly #options: PlanOptions;
  readonly #host: Host | undefined;
  /** What chooses among the scenario's parts tells its problems here. */
  readonly #notes: Notes = {
    report: (code, path, params) => this.#report(code, path, params),
    unknown: (code, path, key, names) => this.#unknown(path, key, names, code),
  };

  constructor(scenario: Scenario, options: PlanOptions) {
    this.#scenario = scenario;
    this.#options = options;
    this.#host = this.#hostOf(options.host);
  }

  plan(): Plan {
    const { name: scenario, sources, traces, http } = this.#scenario;
    const { suffix, version, startedAt, seed } = this.#options;
    const { watchOnly = false, durationMs = UNTIL_STOPPED_MS } = this.#options;
    const profile = chosenProfile(this.#scenario.profiles, this.#options, this.#notes);
    const name = watchOnly ? (this.#options.profile ?? "watch") : profile.name;
    const loads = watchOnly ? [] : this.#loads(profile);
    const endMs = watchOnly ? durationMs : endOfLoads(loads);
    const { warmUp } = profile;
    if (warmUp !== undefined && loads.length > 0 && warmUp.ms >= endMs) this.problems.push(warmUp.tooLong);
    const feeds = this.#feeds(loads);
    if (watchOnly && sources.length === 0) {
      this.#report("missing-key", "watch", { key: "watch", expected: "a map of source names to sources, to look at" });
    }
    const all = mergedThresholds(this.#scenario.thresholds, profile.thresholds);
    const driven = loads.flatMap(({ classes }) => classes);
    const { without = [], insecure = false, timings } = this.#options;
    const unjudged = without.includes("thresholds");
    const thresholds = unjudged
      ? []
      : watchOnly
        ? all.filter(({ subject }) => subject === "target")
        : coveredBy(all, driven, this.#scenario.classes);
    const watched = sources.map((source) => this.#source(source, endMs));
    return {
      runId: runIdOf(startedAt, [scenario, name, suffix]),
      version,
      scenario,
      profile: name,
      target: this.#host?.authority ?? firstAuthority([...urlsOf(driven), ...watched.flatMap(urlOf)]),
      startedAt,
      seed,
      loads,
      ...(this.#options.stopTimeoutMs === undefined ? {} : { stopTimeoutMs: this.#options.stopTimeoutMs }),
      ...(feeds.length === 0 ? {} : { feeds }),
      ...(watchOnly ? {} : this.#once()),
      ...(watchOnly ? { watchMs: durationMs } : {}),
      ...(watchOnly || profile.beforeMs === undefined ? {} : { beforeMs: profile.beforeMs }),
      ...(watchOnly || profile.afterMs === undefined ? {} : { afterMs: profile.afterMs }),
      warmUpMs: watchOnly ? 0 : (warmUp?.ms ?? 0),
      ...(this.#scenario.metrics.length === 0 ? {} : { metrics: this.#scenario.metrics }),
      thresholds,
      ...(unjudged ? { unjudged } : {}),
      sources: watched,
      bounds: boundsOf(thresholds),
      ...(traces === undefined ? {} : { traces }),
      http: {
        ...http,
        ...(insecure ? { tls: { ...http.tls, insecure } } : {}),
        ...(timings === "full" || thresholds.some(asksForParts) ? { timings: "full" as const } : {}),
      },
      labels: { ...this.#scenario.labels, ...this.#options.labels },
    };
  }

  #report(code: ProblemCode, path: string, params: ProblemParams): undefined {
    this.problems.push({ code, line: 0, column: 0, path, params });
  }

  #unknown(path: string, key: string, names: readonly string[], code: ProblemCode = "unknown-reference"): undefined {
    const suggestion = nearest(key, names);
    return this.#report(code, path, {
      key,
      ...(names.length === 0 ? { hint: "the scenario has none" } : { expected: `one of ${names.join(", ")}` }),
      ...(suggestion === undefined ? {} : { suggestion }),
    });
  }

  #hostOf(text: string | undefined): Host | undefined {
    if (text === undefined) return this.#scenario.host;
    const host = hostOf(text);
    return "code" in host ? this.#report(host.code, "host", host.params) : host;
  }

  #loads(profile: Profile): PlannedLoad[] {
    checkLoadOptions(profile, this.#options, this.#notes);
    const { users, spawnRate, arrivals, durationMs } = this.#options;
    if (this.#scenario.classes.length === 0) {
      const hint = "plimsoll watch looks at the target alone";
      this.#report("missing-key", "users", { key: "users", expected: "user classes, to make a load", hint });
      return [];
    }
    const classes = tagged(this.#scenario.classes, this.#classes(), this.#options, this.#notes);
    const driven = profile.loads.map((load) => ({
      ...load,
      classes: classes.filter(({ name }) => load.classes?.includes(name) ?? true),
    }));
    const populated = driven.filter((load) => load.classes.length > 0);
    const begun = populated.filter(({ startMs }) => durationMs === undefined || startMs < durationMs);
    if (classes.length > 0 && populated.length === 0) {
      const names = [...new Set(profile.loads.flatMap((load) => load.classes ?? []))];
      this.#report("no-load", "users", { key: profile.name, expected: `one of its user classes, ${names.join(", ")}` });
    } else if (begun.length === 0 && populated.length > 0) {
      const firstMs = Math.min(...populated.map(({ startMs }) => startMs));
      const expected = `a duration of more than ${firstMs / 1000}s, when its first load starts`;
      this.#report("no-load", "duration", { key: profile.name, expected });
    }
    const loads = begun.map(({ shape, ...rest }) => {
      const lengthMs = durationMs === undefined ? undefined : durationMs - rest.startMs;
      return { load: loadOf(shape, { users, spawnRate, arrivals, lengthMs }), ...rest };
    });
    for (const load of loads) checkFixedCounts(profile.name, load, this.#notes);
    return loads.map(({ load, startMs, host = this.#host, classes }) => ({
      load,
      classes: classes.map((one) => this.#class(one, host)),
      startMs,
    }));
  }

  #classes(): ScenarioClass[] {
    const { classes: wanted = [] } = this.#options;
    const classes = changed(this.#scenario.classes, this.#options, this.#notes);
    const names = classes.map(({ name }) => name);
    for (const name of wanted) if (!names.includes(name)) this.#unknown("users", name, names);
    return wanted.length === 0 ? classes : classes.filter(({ name }) => wanted.includes(name));
  }

  /** What runs once, before and after the load. */
  #once(): Pick<Plan, "setup" | "teardown"> {
    const to = this.#stepsOn(this.#host);
    const { without = [] } = this.#options;
    const [setup, teardown] = (["setup", "teardown"] as const).map((name) =>
      without.includes(name) ? [] : mapSteps(this.#scenario[name], to),
    );
    return { ...(setup?.length && { setup }), ...(teardown?.length && { teardown }) };
  }

  /** What steps become where this is the host. */
  #stepsOn(host: Host | undefined) {
    const { maxRedirects } = this.#options;
    const usual = maxRedirects === undefined ? {} : { redirects: maxRedirects };
    return {
      request: ({ address, ...step }: ScenarioRequest): RequestStep => ({
        ...usual,
        ...step,
        url: this.#url(address, host),
      }),
      code: (step: CodeStep): CodeStep => (host === undefined ? step : { ...step, host: host.url }),
    };
  }

  /** Those that its classes use. */
  #feeds(loads: readonly PlannedLoad[]): Feed[] {
    const used = new Set(loads.flatMap(({ classes }) => classes.flatMap((one) => one.feeds ?? [])));
    return this.#scenario.feeds.flatMap(({ table, ...feed }) =>
      used.has(feed.name) ? { ...feed, rows: table.ends.length } : [],
    );
  }

  #class({ start, stop, tasks, ...userClass }: ScenarioClass, ofLoad: Host | undefined): UserClass {
    const changedTo = this.#options.classChanges?.findLast(({ name, host }) => name === userClass.name && host)?.host;
    const host = changedTo === undefined ? ofLoad : this.#hostOf(changedTo);
    const to = this.#stepsOn(host);
    const made: UserClass = {
      ...userClass,
      start: mapSteps(start, to),
      stop: mapSteps(stop, to),
      tasks: tasks.map((task) => ({ ...task, steps: mapSteps(task.steps, to) })),
    };
    const steps = [...made.start, ...made.stop, ...made.tasks.flatMap((task) => task.steps)];
    const all = this.#scenario.feeds;
    // Which feeds code takes from only the run knows.
    const feeds = codeOf(steps).length > 0 ? all.map(({ name }) => name) : feedsIn(made, all);
    return feeds.length === 0 ? made : { ...made, feeds };
  }

  #source(source: ScenarioSource, runMs: number): Source {
    const { everyMs = defaultEveryMs(runMs) } = source;
    const times = { everyMs, timeoutMs: source.timeoutMs ?? Math.min(5000, everyMs * 0.8) };
    if ("notAllowed" in source) {
      const { notAllowed, ...command } = source;
      if (this.#options.allowCommands !== true) this.problems.push(notAllowed);
      return { ...command, ...times };
    }
    if (!("address" in source)) return { ...source, ...times };
    const { address, replicas = [], ...asked } = source;
    const url = this.#url(address, this.#host);
    const others = replicas.map((one) => this.#url(one, this.#host));
    return { ...asked, url, ...times, ...(others.length === 0 ? {} : { replicas: others }) };
  }

  #url(address: Address, host: Host | undefined): Template {
    const url = resolve(address, host);
    if (typeof url === "string" || Array.isArray(url)) return url;
    // A host that was given and is wrong was said once; so is a class of several loads.
    if (this.#options.host === undefined && !this.problems.includes(url)) this.problems.push(url);
    return "";
  }
}

/** `20261121T101500Z-boss-workflow-light-3f2a`: sorts by time, and may be a file's name. */
function runIdOf(startedAt: number, names: string[]): string {
  const time = new Date(startedAt).toISOString().replace(/\.\d+/u, "").replaceAll(/[-:]/gu, "");
  return [time, ...names].map((name) => name.replaceAll(/[^\w.-]+/gu, "_").slice(0, 60)).join("-");
}

/** More often in short runs, where a second counts. */
function defaultEveryMs(runMs: number): number {
  if (runMs <= 10 * 60_000) return 1000;
  return runMs <= 60 * 60_000 ? 5000 : 15_000;
}

/** What is timed only where somebody asks for it. */
function asksForParts({ subject, metric }: Threshold): boolean {
  return subject === "client" && (metric === "phase" || metric === "iteration_duration");
}

function boundsOf(thresholds: Threshold[]): number[] {
  return [...new Set([...defaultBounds, ...thresholds.flatMap(namedLatencies)])].toSorted((a, b) => a - b);
}

function urlsOf(classes: UserClass[]): Template[] {
  const steps = classes.flatMap(({ start, tasks }) => [...start, ...tasks.flatMap((task) => task.steps)]);
  return requestsOf(steps).map(({ url }) => url);
}

function urlOf(source: Source): Template[] {
  return "url" in source ? [source.url] : [];
}

function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) freeze(inner);
  }
  return value;
}
