import { monotonicMs, SystemClock } from "../metrics/clock.ts";
import { discover, watchBlock } from "../target/discover.ts";
import { UsageError } from "./io.ts";

/** The `watch:` block for what a service has. Throws a UsageError where nothing is recognised. */
export async function discoverAt(text: string): Promise<string> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol)) {
    throw new UsageError(`Expected the address of a service, such as http://localhost:8000, got ${text}`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new UsageError("Give the address without user and password: what is printed goes into a file.");
  }
  const discovery = await discover(url, new SystemClock(monotonicMs()));
  if (discovery.sources.length === 0 && discovery.locked.length === 0) {
    throw new UsageError(
      `Nothing is recognised at ${url.origin}: no metrics page, actuator, nginx or NATS status, RabbitMQ, or pool status.`,
    );
  }
  return watchBlock(discovery);
}
