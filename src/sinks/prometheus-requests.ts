import type { FailureKind } from "../metrics/sample.ts";
import { keyText, type SeriesData, type SeriesKey } from "../metrics/snapshot.ts";
import { requestsOf } from "../scenario/flow.ts";
import type { Plan } from "../scenario/plan.ts";
import type { Catalogue } from "./prometheus-catalogue.ts";
import type { Cell, Exemplar, HistogramCell } from "./prometheus-family.ts";
import type { LabelBounds } from "./prometheus-labels.ts";

type Outcome = "success" | "failure";

interface TimingCells {
  response: HistogramCell;
  service: HistogramCell;
}

/** Where the numbers of one series of the snapshot go. */
interface RequestCells {
  success: TimingCells;
  failure: TimingCells;
  /** By outcome and status code. */
  statuses: Map<string, Cell>;
  errors: Map<string, Cell>;
}

/** What an overloaded service most often answers: shown as 0 from the start. */
const usualStatuses = ["429", "500", "502", "503", "504"];
/** How else requests fail under load: these and the usual statuses are `error_type`s that are shown as 0 from the start. */
const usualFailures: FailureKind[] = ["connect_refused", "connect_timeout", "reset", "deadline", "assertion"];

/**
 * `plimsoll_requests_total`, `plimsoll_request_errors_total`, the bytes and the two latency histograms. Series of one
 * request that differ in what is no label (the task; for histograms also user and method) are added.
 */
export class RequestFamilies {
  readonly #catalogue: Catalogue;
  readonly #bounds: LabelBounds;
  readonly #cells = new Map<string, RequestCells>();
  readonly #sent: Cell;
  readonly #received: Cell;

  constructor(catalogue: Catalogue, bounds: LabelBounds) {
    this.#catalogue = catalogue;
    this.#bounds = bounds;
    this.#sent = catalogue.cell("plimsoll_sent_bytes_total");
    this.#received = catalogue.cell("plimsoll_received_bytes_total");
  }

  /**
   * Shows what the plan can be expected to count as 0: `rate()` and `increase()` see no first failure whose series begins
   * with it.
   */
  initialise(plan: Plan): void {
    this.#sent.initialise();
    this.#received.initialise();
    for (const { name: user, tasks, start, stop } of plan.loads.flatMap(({ classes }) => classes)) {
      const steps = [
        ...requestsOf([...start, ...stop]).map((step) => ({ task: "", step })),
        ...tasks.flatMap((task) => requestsOf(task.steps).map((step) => ({ task: task.name, step }))),
      ];
      for (const { task, step } of steps) {
        const key: SeriesKey = { user, task, request: step.name, method: step.method };
        const cells = this.#cellsOf(key);
        for (const timings of [cells.success, cells.failure]) {
          timings.response.initialise();
          timings.service.initialise();
        }
        const expected = step.expect.status.length > 0 ? step.expect.status.map(String) : ["200"];
        for (const status of expected) this.#status(cells, key, status, "success").initialise();
        for (const status of ["", ...expected, ...usualStatuses]) {
          this.#status(cells, key, status, "failure").initialise();
        }
        for (const type of [...usualFailures, ...usualStatuses]) this.#error(cells, key, type).initialise();
      }
    }
  }

  /** Adds a snapshot's series; the families were reset before. */
  add(all: SeriesData[]): void {
    for (const series of all) {
      const { key, success, failure } = series;
      const cells = this.#cellsOf(key);
      cells.success.response.add(success.response);
      cells.success.service.add(success.service);
      cells.failure.response.add(failure.response);
      cells.failure.service.add(failure.service);
      for (const [status, counts] of Object.entries(series.statuses)) {
        if (counts.success > 0) this.#status(cells, key, status, "success").add(counts.success);
        if (counts.failure > 0) this.#status(cells, key, status, "failure").add(counts.failure);
      }
      for (const [type, count] of Object.entries(series.errors)) this.#error(cells, key, type).add(count);
      this.#sent.add(series.bytesOut);
      this.#received.add(series.bytesIn);
    }
  }

  setExemplar(request: string, outcome: Outcome, exemplar: Exemplar): void {
    const { response, service } = this.#timings(this.#bounds.bound("request", request), outcome);
    response.setExemplar(exemplar);
    service.setExemplar(exemplar);
  }

  #cellsOf(key: SeriesKey): RequestCells {
    const text = keyText(key);
    let cells = this.#cells.get(text);
    if (cells === undefined) {
      const request = this.#bounds.bound("request", key.request);
      cells = {
        success: this.#timings(request, "success"),
        failure: this.#timings(request, "failure"),
        statuses: new Map(),
        errors: new Map(),
      };
      this.#cells.set(text, cells);
    }
    return cells;
  }

  #timings(request: string, outcome: Outcome): TimingCells {
    return {
      response: this.#catalogue.histogramCell("plimsoll_response_time_seconds", { request, outcome }),
      service: this.#catalogue.histogramCell("plimsoll_service_time_seconds", { request, outcome }),
    };
  }

  #status({ statuses }: RequestCells, key: SeriesKey, status: string, outcome: Outcome): Cell {
    const text = `${outcome} ${status}`;
    let cell = statuses.get(text);
    if (cell === undefined) {
      cell = this.#catalogue.cell("plimsoll_requests_total", {
        ...this.#requestLabels(key),
        status_code: this.#bounds.bound("status_code", status),
        outcome,
      });
      statuses.set(text, cell);
    }
    return cell;
  }

  #error({ errors }: RequestCells, key: SeriesKey, type: string): Cell {
    let cell = errors.get(type);
    if (cell === undefined) {
      cell = this.#catalogue.cell("plimsoll_request_errors_total", {
        ...this.#requestLabels(key),
        error_type: this.#bounds.bound("error_type", type),
      });
      errors.set(type, cell);
    }
    return cell;
  }

  #requestLabels({ user, request, method }: SeriesKey): { user: string; request: string; method: string } {
    return {
      user: this.#bounds.bound("user", user),
      request: this.#bounds.bound("request", request),
      method: this.#bounds.bound("method", method),
    };
  }
}
