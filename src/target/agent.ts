import type { Agent, Dispatcher } from "undici";

/**
 * undici's Agent. It is loaded when the first one is made: a run without such sources does without, and starts the sooner.
 */
export class HttpAgent {
  readonly #agent: Promise<Agent>;

  constructor(options: Agent.Options) {
    this.#agent = import("undici").then(({ Agent }) => new Agent(options));
    // Whoever asks is told.
    this.#agent.catch(() => {});
  }

  async request(options: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData> {
    return (await this.#agent).request(options);
  }

  async destroy(): Promise<void> {
    await (await this.#agent).destroy();
  }
}
