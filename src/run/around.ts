import type { Once, OnceResult } from "../load/once.ts";
import { SystemClock } from "../metrics/clock.ts";
import { loadCode } from "../scenario/module.ts";
import type { Plan } from "../scenario/plan.ts";

export interface AroundOptions {
  plan: Plan;
  /** When the plan was made, on `monotonicMs`'s scale. */
  plannedAtMs: number;
  secret(name: string): string;
  tell(kind: "setup" | "teardown", message: string): void;
}

export type Variables = OnceResult["variables"];

/** What runs once a run, before the load and after it: setup and teardown. What they came to is an event. */
export class Around {
  /** Why there can be no load: setup failed. */
  notRun: string | undefined;
  /** What people should know at the end. */
  readonly warnings: string[] = [];
  readonly #options: AroundOptions;
  /** The steps that are under way. */
  #now: Once | undefined;

  constructor(options: AroundOptions) {
    this.#options = options;
  }

  abort(): void {
    this.#now?.abort();
  }

  /** Gives what is captured after it; `variables` are what was before. */
  async run(name: "setup" | "teardown", variables: Variables): Promise<Variables> {
    const { plan, plannedAtMs, secret, tell } = this.#options;
    const { [name]: steps, seed, version, http, metrics = [] } = plan;
    if (steps === undefined) return variables;
    // Most runs have neither: they start without an HTTP client in this thread.
    const [{ HttpClient }, { httpOptions }, { Once }] = await Promise.all([
      import("../client/http.ts"),
      import("../client/settings.ts"),
      import("../load/once.ts"),
    ]);
    // The run's time 0 is not known before setup has ended: this clock counts from the plan.
    const clock = new SystemClock(plannedAtMs);
    const wallAt = (time: number) => plan.startedAt + time;
    const client = new HttpClient(clock, httpOptions(http, secret, wallAt));
    const userAgent = `plimsoll/${version}`;
    const code = await loadCode(plan);
    this.#now = new Once({ code, metrics, name, steps, variables, seed, userAgent, clock, client, secret, wallAt });
    const result = await this.#now.run();
    this.#now = undefined;
    const { requests, tookMs, failure } = result;
    const took = tookMs < 1000 ? `${Math.round(tookMs)} ms` : `${(tookMs / 1000).toFixed(1)} s`;
    const title = name === "setup" ? "Setup" : "Teardown";
    const what = `${title}: ${requests} ${requests === 1 ? "request" : "requests"} in ${took}`;
    tell(name, failure === undefined ? `${what}.` : `${what}, failed: ${failure}`);
    if (failure !== undefined && name === "setup") this.notRun = `setup failed, so that no load was run: ${failure}`;
    if (failure !== undefined && name === "teardown") this.warnings.push(`teardown failed: ${failure}`);
    return result.variables;
  }
}
