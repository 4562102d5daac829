import type { Template } from "./plan-request.ts";

/** One entry of `watch:`. */
export type Source =
  | PrometheusSource
  | JsonSource
  | PromqlSource
  | ActuatorSource
  | NginxSource
  | NatsSource
  | RabbitmqSource
  | RedisSource
  | PostgresSource
  | HostSource
  | ProcessSource
  | DockerSource
  | LogsSource
  | CommandSource;

export interface SourceCommon {
  name: string;
  everyMs: number;
  timeoutMs: number;
}

/** A source that is asked by GET. */
interface HttpSource extends SourceCommon {
  url: Template;
  /** The same of other replicas: all are asked in one look, each a `component` of its own. */
  replicas?: Template[];
  headers: [name: string, value: Template][];
}

/** `from` selects among the endpoint's series; besides these, known names are recognised. */
export interface PrometheusSource extends HttpSource {
  kind: "prometheus";
  metrics: MetricMapping[];
}

export interface JsonSource extends HttpSource {
  kind: "json";
  metrics: MetricMapping[];
}

/** A Prometheus that is asked; `from` is an expression of its language. */
export interface PromqlSource extends HttpSource {
  kind: "promql";
  metrics: MetricMapping[];
}

/** Spring Boot's actuator; `from` is as of a Prometheus endpoint. */
export interface ActuatorSource extends HttpSource {
  kind: "actuator";
  metrics: MetricMapping[];
}

/** nginx's `stub_status`. */
export interface NginxSource extends HttpSource {
  kind: "nginx";
}

/** The monitoring port of a NATS server. */
export interface NatsSource extends HttpSource {
  kind: "nats";
}

/** The management plugin of RabbitMQ. */
export interface RabbitmqSource extends HttpSource {
  kind: "rabbitmq";
  /** `name`, or `vhost/name`; none means all. */
  queues: string[];
}

/** This machine, as /proc tells it. */
export interface HostSource extends SourceCommon {
  kind: "host";
}

/** Processes of this machine, summed, as /proc tells them. */
export interface ProcessSource extends SourceCommon {
  kind: "process";
  /** A pid, or a program's name, which may fit several. */
  process: string;
}

export interface RedisSource extends SourceCommon {
  kind: "redis";
  url: Template;
  /** Lists whose length is a queue's depth. */
  queues: string[];
  /** Streams whose consumer groups are queues. */
  streams: string[];
}

/** Containers, as a Docker engine tells them. */
export interface DockerSource extends SourceCommon {
  kind: "docker";
  /** `unix:///var/run/docker.sock`, `tcp://host:2375`. */
  engine: string;
  containers: Containers;
}

/** Each by its name or id, told by itself; or all of a compose service's, summed. */
export type Containers = { kind: "named"; names: string[] } | { kind: "service"; service: string; project?: string };

/** A log that is followed: a file, or what containers say. */
export interface LogsSource extends SourceCommon {
  kind: "logs";
  log: { kind: "file"; path: string } | { kind: "containers"; engine: string; containers: Containers };
  /** Lines that a regular expression matches are counted under its name. */
  patterns: { name: string; matches: string }[];
}

/** A PostgreSQL; `from` is a query that gives a value, or rows of labels with a value as their last column. */
export interface PostgresSource extends SourceCommon {
  kind: "postgres";
  url: Template;
  metrics: MetricMapping[];
}

/** A command whose output is a number, JSON, or lines of `key=value`: the last resort. */
export interface CommandSource extends SourceCommon {
  kind: "command";
  /** The program and its arguments: no shell reads them. */
  command: Template[];
  metrics: MetricMapping[];
}

export interface MetricMapping {
  /** Name of the vocabulary, or an own one, without `target_`. */
  metric: string;
  labels: Record<string, string>;
  type: "gauge" | "counter";
  /** In the source's own language: a JSONPath with arithmetic (`$.size + $.max_overflow`), `name{label="value"}`, SQL. */
  from: string;
}
