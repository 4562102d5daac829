import type { Clock } from "../metrics/clock.ts";
import { CollectError, codeOf, connectionError } from "./collect-error.ts";

/** How a client of some protocol is had. */
export interface ClientMaker<Client> {
  /** It connects when it is first asked. */
  make(): Promise<Client>;
  /** Lets go at once, whatever is under way; asks nobody. */
  cut(client: Client): void;
  /** What an error of the protocol means; undefined where it is the connection's. It holds no secret. */
  explain(error: unknown): CollectError | undefined;
}

/**
 * A client that is kept from look to look. One whose look failed or hung is cut, and the next look makes another: nothing
 * is tried again by itself, and none is left behind.
 */
export class Kept<Client> {
  readonly #maker: ClientMaker<Client>;
  readonly #clock: Clock;
  #client: Client | undefined;

  constructor(maker: ClientMaker<Client>, clock: Clock) {
    this.#maker = maker;
    this.#clock = clock;
  }

  /** Asks it; `at` is the run's milliseconds at the middle. Fails with a `CollectError`, at once when `signal` aborts. */
  async ask<Content>(
    signal: AbortSignal,
    question: (client: Client) => Promise<Content>,
  ): Promise<{ at: number; content: Content }> {
    const over = Promise.withResolvers<never>();
    const end = () => over.reject(new CollectError("timeout", "no whole answer in time"));
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
    const startedAt = this.#clock.now();
    try {
      const asked = this.#made(signal).then((client) => question(client));
      const content = await Promise.race([over.promise, asked]);
      return { at: (startedAt + this.#clock.now()) / 2, content };
    } catch (error) {
      this.close();
      if (error instanceof CollectError) throw error;
      throw this.#maker.explain(error) ?? connectionError(codeOf(error)) ?? error;
    } finally {
      signal.removeEventListener("abort", end);
    }
  }

  close(): void {
    const client = this.#client;
    this.#client = undefined;
    if (client !== undefined) this.#maker.cut(client);
  }

  async #made(signal: AbortSignal): Promise<Client> {
    const client = this.#client ?? (await this.#maker.make());
    this.#client = client;
    // The look was given up while it was made: nobody would cut it.
    if (signal.aborted) this.close();
    return client;
  }
}
