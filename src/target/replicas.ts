import type { Observation } from "../metrics/observation.ts";
import type { Template } from "../scenario/plan-request.ts";
import type { SourceCommon } from "../scenario/plan-source.ts";
import { CollectError } from "./collect-error.ts";
import type { Collector, CollectorDeps } from "./collector.ts";
import { Look } from "./look.ts";

/** Of a look's time, what one replica may take: one that hangs must not make the others' figures late. */
const SHARE_OF_TIME = 0.9;

interface Replica {
  component: string;
  collector: Collector;
  down: boolean;
}

/**
 * Several replicas of one thing, asked at once in each look; what they give has the label `component`, which says whose it
 * is, and `instances` is how many answered. A replica that fails is a gap of its own; the look fails when all do.
 */
export class ReplicasCollector implements Collector {
  readonly name: string;
  readonly kind: string;
  readonly #replicas: Replica[];
  readonly #timeoutMs: number;
  readonly #deps: CollectorDeps;

  constructor(
    source: SourceCommon & { kind: string },
    replicas: { url: Template; collector: Collector }[],
    deps: CollectorDeps,
  ) {
    this.name = source.name;
    this.kind = source.kind;
    this.#timeoutMs = source.timeoutMs * SHARE_OF_TIME;
    const names = componentsOf(replicas.map(({ url }) => url));
    this.#replicas = replicas.map(({ collector }, i) => ({ component: names[i] ?? "", collector, down: false }));
    this.#deps = deps;
  }

  async collect(signal: AbortSignal): Promise<Observation[]> {
    const { clock } = this.#deps;
    const startedAt = clock.now();
    const over = new AbortController();
    const timer = clock.at(startedAt + this.#timeoutMs, () => over.abort());
    const both = AbortSignal.any([signal, over.signal]);
    const answers = await Promise.all(this.#replicas.map((replica) => this.#ask(replica, both)));
    timer.cancel();
    const failures = answers.filter((answer) => answer instanceof CollectError);
    const [first] = failures;
    if (first !== undefined && failures.length === answers.length) throw first;
    const look = new Look(this.name, (startedAt + clock.now()) / 2);
    look.tell("instances", answers.length - failures.length);
    return [...answers.flatMap((answer) => (answer instanceof CollectError ? [] : answer)), ...look.observations];
  }

  async close(): Promise<void> {
    await Promise.all(this.#replicas.map(({ collector }) => collector.close()));
  }

  async #ask(replica: Replica, signal: AbortSignal): Promise<Observation[] | CollectError> {
    const { component, collector } = replica;
    try {
      const observations = await collector.collect(signal);
      if (replica.down) this.#say(`replica ${component} is back`);
      replica.down = false;
      return observations.map((one) => ({ ...one, labels: { component, ...one.labels } }));
    } catch (error) {
      if (!(error instanceof CollectError)) throw error;
      if (!replica.down) this.#say(`replica ${component} is down (${error.reason}): ${error.message}`);
      replica.down = true;
      return error;
    }
  }

  #say(message: string): void {
    const at = this.#deps.clock.now();
    this.#deps.onEvent({ at, kind: "source", message: `source "${this.name}" ${message}` });
  }
}

/** Their hosts, with the path where hosts are the same; one whose address is a secret has a number. */
function componentsOf(urls: Template[]): string[] {
  const parsed = urls.map((url) => (typeof url === "string" && URL.canParse(url) ? new URL(url) : undefined));
  const hosts = new Set(parsed.map((url) => url?.host));
  return parsed.map((url, i) => {
    if (url === undefined) return String(i + 1);
    return hosts.size === urls.length ? url.host : url.host + url.pathname;
  });
}
