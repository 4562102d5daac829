import type { Observation } from "../metrics/observation.ts";
import type { NginxSource } from "../scenario/plan-source.ts";
import { CollectError } from "./collect-error.ts";
import type { Collector, CollectorDeps } from "./collector.ts";
import { Endpoint } from "./endpoint.ts";
import { Look } from "./look.ts";
import { shown, WholeBody } from "./whole-body.ts";

/** https://nginx.org/en/docs/http/ngx_http_stub_status_module.html */
const page =
  /^Active connections: (\d+)\s+server accepts handled requests(?: request_time)?\s+(\d+) (\d+) (\d+)(?: \d+)?\s+Reading: (\d+) Writing: (\d+) Waiting: (\d+)\s*$/;

/** nginx, by its `stub_status`. */
export class NginxCollector implements Collector {
  readonly name: string;
  readonly kind = "nginx";
  readonly #endpoint: Endpoint;

  constructor(source: NginxSource, deps: CollectorDeps) {
    this.name = source.name;
    this.#endpoint = new Endpoint(source, deps);
  }

  async collect(signal: AbortSignal): Promise<Observation[]> {
    const { at, content } = await this.#endpoint.get("text/plain", signal, () => new WholeBody(numbersOf));
    const [active, accepted = 0, handled = 0, requests, reading, writing, waiting] = content;
    const look = new Look(this.name, at);
    look.tell("http_connections", active, { state: "active" });
    look.tell("http_connections", reading, { state: "reading" });
    look.tell("http_connections", writing, { state: "writing" });
    look.tell("http_connections", waiting, { state: "waiting" });
    look.tell("http_connections_accepted_total", accepted);
    // What nginx took from the system and could not serve: a limit such as worker_connections was reached.
    look.tell("http_connections_dropped_total", accepted - handled);
    look.tell("http_requests_total", requests);
    return look.observations;
  }

  close(): Promise<void> {
    return this.#endpoint.close();
  }
}

function numbersOf(text: string): number[] {
  const [whole, ...numbers] = page.exec(text) ?? [];
  if (whole === undefined) throw new CollectError("parse", `expected a page of stub_status, got ${shown(text)}`);
  return numbers.map(Number);
}
