import type { Clock } from "../metrics/clock.ts";
import type { Exhibit } from "../metrics/exhibit.ts";
import type { Observation } from "../metrics/observation.ts";
import type { Source } from "../scenario/plan.ts";
import { DockerCollector } from "./docker.ts";
import { HostCollector } from "./host.ts";
import { JsonCollector, jsonProblems } from "./json.ts";
import { LogsCollector } from "./logs.ts";
import { ProcessCollector } from "./process.ts";
import { PrometheusCollector, prometheusProblems } from "./prometheus.ts";
import { RedisCollector } from "./redis.ts";

/** Looks at one source of the target's health. */
export interface Collector {
  /** The source's name under `watch:`. */
  name: string;
  /** `prometheus`, `json`, `host`: the label `kind` of the `target_up` family. */
  kind: string;
  /**
   * One look. Rejects with nothing but a `CollectError`, and soon after `signal` aborts. A value that the source does not
   * give now is left out of the list, never repeated from before. Not called again before it has settled.
   */
  collect(signal: AbortSignal): Promise<Observation[]>;
  /**
   * What it can show right now beyond numbers; asked when a limit breaks. Bounded as `metrics/exhibit.ts` says, without
   * secrets and others' data. Like a look it rejects with nothing but a `CollectError`, and soon after `signal` aborts.
   */
  evidence?(signal: AbortSignal): Promise<Exhibit[]>;
  /** Lets go of connections; a look under way fails. */
  close(): Promise<void>;
}

/** What happened to a source, for people; a `RunEvent` of `runs/sink.ts`. */
export interface SourceEvent {
  /** The run's milliseconds. */
  at: number;
  kind: "source";
  message: string;
}

/** What collectors need of the run. */
export interface CollectorDeps {
  clock: Clock;
  /** Unix milliseconds of a moment of the run. */
  wallAt(ms: number): number;
  /** The value of a secret that the plan names. It throws, naming the variable alone, where there is none. */
  secret(name: string): string;
  /** Told once of what a look finds lacking without failing: a path that finds nothing, too many series. */
  onEvent(event: SourceEvent): void;
}

/** What is wrong with a `from` of a source; `offset` counts characters in it, from 0. */
export interface MappingProblem {
  metric: string;
  from: string;
  offset: number;
  problem: string;
}

/** What is wrong with a source's mappings; none means that `createCollector` takes it. */
export function mappingProblems(source: Source): MappingProblem[] {
  switch (source.kind) {
    case "prometheus":
      return prometheusProblems(source);
    case "json":
      return jsonProblems(source);
    default:
      return [];
  }
}

/** The collector of a source that has no `mappingProblems`; with one it throws. */
export function createCollector(source: Source, deps: CollectorDeps): Collector {
  switch (source.kind) {
    case "prometheus":
      return new PrometheusCollector(source, deps);
    case "json":
      return new JsonCollector(source, deps);
    case "host":
      return new HostCollector(source, deps);
    case "process":
      return new ProcessCollector(source, deps);
    case "redis":
      return new RedisCollector(source, deps);
    case "docker":
      return new DockerCollector(source, deps);
    case "logs":
      return new LogsCollector(source, deps);
  }
}
