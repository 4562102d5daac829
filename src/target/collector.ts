import type { Clock } from "../metrics/clock.ts";
import type { Exhibit } from "../metrics/exhibit.ts";
import type { Observation } from "../metrics/observation.ts";
import type { Source } from "../scenario/plan-source.ts";
import { ActuatorCollector } from "./actuator.ts";
import { CommandCollector } from "./command.ts";
import { DockerCollector } from "./docker.ts";
import { HostCollector } from "./host.ts";
import { JsonCollector } from "./json.ts";
import { LogsCollector } from "./logs.ts";
import { NatsCollector } from "./nats.ts";
import { NginxCollector } from "./nginx.ts";
import { PostgresCollector } from "./postgres.ts";
import { ProcessCollector } from "./process.ts";
import { PrometheusCollector } from "./prometheus.ts";
import { PromqlCollector } from "./promql.ts";
import { RabbitmqCollector } from "./rabbitmq.ts";
import { RedisCollector } from "./redis.ts";
import { ReplicasCollector } from "./replicas.ts";
import type { Trust } from "./trust.ts";

/** Looks at one source of the target's health. */
export interface Collector {
  /** The source's name under `watch:`. */
  name: string;
  /** `prometheus`, `json`, `host`: the label `kind` of the `target_up` family. */
  kind: string;
  /** Loads what its looks need, such as a client library: once, before the first look, whose time that would take. */
  ready?(): Promise<void>;
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
  /** Whose certificates are good, where not those of the system's authorities alone. */
  trust?: Trust | undefined;
}

/** The collector of a source that has no `mappingProblems`; with one it throws. */
export function createCollector(source: Source, deps: CollectorDeps): Collector {
  if (!("replicas" in source) || source.replicas === undefined) return collectorOf(source, deps);
  const replicas = [source.url, ...source.replicas].map((url) => ({
    url,
    collector: collectorOf({ ...source, url }, deps),
  }));
  return new ReplicasCollector(source, replicas, deps);
}

function collectorOf(source: Source, deps: CollectorDeps): Collector {
  switch (source.kind) {
    case "prometheus":
      return new PrometheusCollector(source, deps);
    case "json":
      return new JsonCollector(source, deps);
    case "promql":
      return new PromqlCollector(source, deps);
    case "actuator":
      return new ActuatorCollector(source, deps);
    case "nginx":
      return new NginxCollector(source, deps);
    case "nats":
      return new NatsCollector(source, deps);
    case "rabbitmq":
      return new RabbitmqCollector(source, deps);
    case "redis":
      return new RedisCollector(source, deps);
    case "postgres":
      return new PostgresCollector(source, deps);
    case "host":
      return new HostCollector(source, deps);
    case "process":
      return new ProcessCollector(source, deps);
    case "docker":
      return new DockerCollector(source, deps);
    case "logs":
      return new LogsCollector(source, deps);
    case "command":
      return new CommandCollector(source, deps);
  }
}
