import type { Clock } from "../metrics/clock.ts";
import type { Failure } from "../metrics/sample.ts";
import type { Client, Exchange, Request, Session } from "./client.ts";

/** What a modelled service does with a request. */
export interface ModelledAnswer {
  afterMs: number;
  status?: number;
  body?: string;
  failure?: Failure;
}

/** A service in closed form: given a request and the time, its answer. */
export type ServiceModel = (request: Request, now: number) => ModelledAnswer;

/**
 * A client with no network: answers come from a model, on the run's clock. With a virtual clock the same plan, executor,
 * aggregator and judge run hours of load in seconds.
 */
export class ModelledClient implements Client {
  readonly #clock: Clock;
  readonly #model: ServiceModel;
  inflight = 0;
  readonly connectionsOpen = 0;
  readonly connectionsOpened = 0;

  constructor(clock: Clock, model: ServiceModel) {
    this.#clock = clock;
    this.#model = model;
  }

  open(): Session {
    let closed = false;
    const underway = new Set<() => void>();
    const send: Session["send"] = (request, settled) => {
      const startedAt = this.#clock.now();
      const answer = this.#model(request, startedAt);
      this.inflight++;
      const finish = (failure: Failure | undefined) => {
        if (!underway.delete(abort)) return;
        timer.cancel();
        this.inflight--;
        settled(this.#exchange(request, startedAt, answer, failure));
      };
      const abort = () => finish({ kind: "aborted", detail: "the run was stopped" });
      underway.add(abort);
      const timer = this.#clock.at(startedAt + Math.min(answer.afterMs, request.deadlineMs), () =>
        finish(
          answer.afterMs > request.deadlineMs
            ? { kind: "deadline", detail: `no response within ${request.deadlineMs} ms` }
            : answer.failure,
        ),
      );
      if (closed) abort();
    };
    const close = () => {
      closed = true;
      for (const abort of [...underway]) abort();
    };
    // Without connections there is nothing to have apart.
    const session: Session = { send, fork: () => session, close };
    return session;
  }

  #exchange(request: Request, startedAt: number, answer: ModelledAnswer, failure: Failure | undefined): Exchange {
    const body = request.wantBody && answer.body !== undefined ? Buffer.from(answer.body) : undefined;
    const answered = failure === undefined;
    const endedAt = this.#clock.now();
    return {
      series: request.series,
      intendedAt: request.intendedAt,
      startedAt,
      endedAt,
      status: answered ? (answer.status ?? 200) : undefined,
      bytesIn: answered ? Buffer.byteLength(answer.body ?? "") : 0,
      bytesOut: Buffer.byteLength(request.body ?? ""),
      failure,
      headers: {},
      body,
      protocolVersion: "1.1",
    };
  }
}
