import type { Observation } from "../metrics/observation.ts";
import type { JsonSource } from "../scenario/plan-source.ts";
import type { Collector, CollectorDeps } from "./collector.ts";
import { Endpoint } from "./endpoint.ts";
import { JsonMappings } from "./json-mappings.ts";
import { Remarks } from "./remarks.ts";
import { jsonBody } from "./whole-body.ts";

/** A JSON endpoint, whose document the scenario maps. */
export class JsonCollector implements Collector {
  readonly name: string;
  readonly kind = "json";
  readonly #endpoint: Endpoint;
  readonly #mappings: JsonMappings;

  constructor(source: JsonSource, deps: CollectorDeps) {
    this.name = source.name;
    this.#endpoint = new Endpoint(source, deps);
    const { filling } = this.#endpoint;
    this.#mappings = new JsonMappings(source, new Remarks(source.name, filling, deps), filling);
  }

  async collect(signal: AbortSignal): Promise<Observation[]> {
    const { at, content } = await this.#endpoint.get("application/json", signal, jsonBody);
    return this.#mappings.observe(content, at);
  }

  close(): Promise<void> {
    return this.#endpoint.close();
  }
}
