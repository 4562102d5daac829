import { monotonicMs, SystemClock } from "../metrics/clock.ts";
import { type ListenAddress, type Server, type ServerOptions, startServer } from "../ui/server.ts";
import { type Io, UsageError } from "./io.ts";

/** Where a command serves: the page with `/metrics`, and with `metricsListen` `/metrics` alone there too. */
export interface Addresses {
  listen: ListenAddress | undefined;
  metricsListen: ListenAddress | undefined;
  /** What whoever opens the page has to show; with it the page may be served to other machines. */
  token: string | undefined;
}

/** Starts the servers; throws a UsageError where they cannot listen. */
export async function serve(
  io: Io,
  served: Omit<ServerOptions, "listen" | "metricsOnly" | "clock" | "token">,
  { listen, metricsListen, token }: Addresses,
): Promise<{ page: Server; servers: Server[] }> {
  const clock = new SystemClock(monotonicMs());
  const servers: Server[] = [];
  const start = async (options: { listen: ListenAddress | undefined; metricsOnly: boolean }) => {
    const server = await startServer({ ...served, token, clock, ...options });
    if (server.kind === "problem") {
      await Promise.all(servers.map((other) => other.close()));
      throw new UsageError(server.message);
    }
    if (server.notice !== undefined) io.stderr.write(`${server.notice}\n`);
    servers.push(server);
    return server;
  };
  // First the one that was asked for: the page gives way where it was not.
  if (metricsListen !== undefined) await start({ listen: metricsListen, metricsOnly: true });
  return { page: await start({ listen, metricsOnly: false }), servers };
}
