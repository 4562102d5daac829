import type { CustomKind } from "../metrics/custom.ts";

/** The scenario's own metrics by name. */
export type MetricKinds = Record<string, CustomKind>;

/** A step, or a whole task, as code. What it rejects with ends the task, is kept as an exception, and the run goes on. */
export type TaskFunction<Metrics extends MetricKinds = MetricKinds> = (
  context: TaskContext<Metrics>,
) => Promise<void> | void;

/** What code has of the user that runs it. */
export interface TaskContext<Metrics extends MetricKinds = MetricKinds> {
  /** Requests as this user: its connections and cookies, the headers of its class. Each is recorded. */
  readonly http: Http;
  /**
   * Counts whether something holds under a name, which is a fixed text, and gives it back. One that does not hold makes the
   * iteration a failed one; the code goes on.
   */
  check(name: string, holds: boolean): boolean;
  /** Sets a variable of the user: later steps have it as `{{ name }}`, later code from `variable`. */
  capture(name: string, value: unknown): void;
  /** What a step or code captured; undefined if nothing did. */
  variable(name: string): unknown;
  /** The user's row of a feed. */
  feed(name: string): Readonly<Record<string, unknown>>;
  /** The metrics that the scenario names under `metrics`. */
  readonly metrics: { readonly [Name in keyof Metrics]: CustomMetrics[Metrics[Name]] };
  /** Times a part of the task under a name, which is a fixed text: `plimsoll_group_duration_seconds`. */
  span<T>(name: string, part: () => Promise<T> | T): Promise<T>;
  /** Pauses for a time, or one drawn from a range: `2s`, `1s..3s`. */
  think(time: string): Promise<void>;
  readonly user: {
    readonly className: string /** From 0, the same whatever the number of workers. */;
    readonly number: number;
  };
  /** A number from 0 to below 1; the run's seed repeats it. */
  random(): number;
  /** A variable of the environment whose value is taken out of all that is kept or shown. */
  secret(name: string): string;
  /** Aborts when the user is ended at once. */
  readonly signal: AbortSignal;
}

export interface Http {
  get(url: string, options?: RequestOptions): Promise<Response>;
  post(url: string, options?: RequestOptions): Promise<Response>;
  put(url: string, options?: RequestOptions): Promise<Response>;
  patch(url: string, options?: RequestOptions): Promise<Response>;
  delete(url: string, options?: RequestOptions): Promise<Response>;
  /** Any method. The promise is rejected only if the request cannot be made at all, or the user was ended. */
  request(method: string, url: string, options?: RequestOptions): Promise<Response>;
}

export interface RequestOptions {
  /** What it is counted under, a fixed text; without it `METHOD /path`, with `:id` for ids and without the query. */
  name?: string;
  /** Before those of the class with the same name. */
  headers?: Readonly<Record<string, string>>;
  /** At most one of these four is the body. */
  json?: unknown;
  form?: Readonly<Record<string, string | number | boolean>>;
  /** A form in parts (`multipart/form-data`): text, or files, which the module has read. */
  multipart?: Readonly<Record<string, string | FilePart>>;
  /** As it is; bytes are `application/octet-stream` unless a header says otherwise. */
  body?: string | Uint8Array;
  expect?: {
    /** Without it a status below 400 is a success. */
    status?: number | readonly number[];
    /** The service time at most: `500ms`. */
    within?: string;
    /** What the body contains. */
    body?: string;
  };
  /** From the start to the last byte: `10s`. Without it 60 s. */
  deadline?: string;
  /** How many are followed, 0 to 20; with 0 the redirect is the response. Without it 10. */
  redirects?: number;
  /** A response with a larger body, in bytes, fails. Without it 10 MiB. */
  maxBytes?: number;
}

/** A file in a form. */
export interface FilePart {
  content: string | Uint8Array;
  /** The file's name. */
  name: string;
  /** `application/octet-stream` unless it says otherwise. */
  type?: string;
}

export interface Response {
  /** 0 if there was none. */
  readonly status: number;
  /** It is as expected. If not, it is counted as a failed request, and the iteration as a failed one. */
  readonly ok: boolean;
  /** Why it is not. */
  readonly failure?: { readonly kind: string; readonly detail: string };
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** From the start to the last byte. */
  readonly durationMs: number;
  text(): string;
  /** The body as JSON. Throws if it is none. */
  json<T = unknown>(): T;
}

/** What each kind of metric is recorded with. */
export interface CustomMetrics {
  counter: { /** 1 if nothing is said; 0 or more. */ add(count?: number): void };
  gauge: { set(value: number): void };
  rate: { add(good: boolean): void };
  trend: {
    /** In the unit of its name; from 0.000001 to 4096, else it counts as the nearest. */ add(value: number): void;
  };
}
