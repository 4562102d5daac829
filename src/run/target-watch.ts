import type { Clock } from "../metrics/clock.ts";
import type { BreachEvidence } from "../metrics/exhibit.ts";
import type { Observation } from "../metrics/observation.ts";
import type { RunEvent } from "../runs/sink.ts";
import type { Plan } from "../scenario/plan.ts";
import { Secrets, secretNames } from "../scenario/secrets.ts";
import { Breaches } from "../target/breach.ts";
import type { Slowest } from "../target/slowest.ts";
import { type MakeCollectors, type Supervision, supervise } from "../target/supervise.ts";
import type { ThresholdState } from "../verdict/verdict.ts";

export interface TargetWatchOptions {
  /** As it is once the run's start is known. */
  plan: Plan;
  clock: Clock;
  collectorsOf: MakeCollectors;
  secret(name: string): string;
  /** The load's own share of what is shown when a limit breaks. */
  slowest: Slowest;
  onEvent(event: RunEvent): void;
}

/** The target under the eyes of a run: what its sources say from now on, and what they can show when a limit breaks. */
export class TargetWatch {
  /** What was shown so far. */
  readonly evidence: BreachEvidence[] = [];
  readonly #options: TargetWatchOptions;
  readonly #sources: Supervision;
  readonly #breaches: Breaches;
  #observations: Observation[] = [];

  constructor(options: TargetWatchOptions) {
    this.#options = options;
    this.#sources = this.#supervised();
    this.#breaches = this.#gathered();
  }

  /** What was observed since this was last asked. */
  take(): Observation[] {
    const observations = this.#observations;
    this.#observations = [];
    return observations;
  }

  /** How the limits stand now; each second. */
  heed(states: readonly ThresholdState[]): void {
    this.#breaches.heed(states);
  }

  /** Waits for evidence that is being gathered, and lets the sources go. */
  async stop(): Promise<void> {
    await this.#breaches.stop();
    await this.#sources.stop();
  }

  #supervised(): Supervision {
    const { plan, clock, secret, collectorsOf, onEvent } = this.#options;
    const wallAt = (time: number) => plan.startedAt + time;
    return supervise({
      sources: collectorsOf({ clock, secret, onEvent, wallAt, trust: plan.http.tls }),
      clock,
      onObservations: (observations) => this.#observations.push(...observations),
      onEvent,
      wallAt,
    });
  }

  #gathered(): Breaches {
    const { plan, clock, secret, slowest, onEvent } = this.#options;
    const secrets = new Secrets(secret);
    for (const name of secretNames(plan)) secrets.value(name);
    return new Breaches({
      clock,
      ask: async (signal) => [...(await this.#sources.evidence(signal)), ...slowest.exhibits(clock.now())],
      redact: (text) => secrets.redact(text),
      onEvidence: (evidence) => {
        this.evidence.push(evidence);
        const kept = evidence.exhibits.map(({ source, title, lines }) => `${lines.length} ${title} of ${source}`);
        const message = `Kept as evidence for ${evidence.thresholds.join("; ")}: ${kept.join(", ")}.`;
        onEvent({ at: evidence.at, kind: "evidence", message, evidence });
      },
    });
  }
}
