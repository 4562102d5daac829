import { type Clients, present } from "./loop.ts";
import { measure, ratio, spread } from "./rounds.ts";
import { figure, type Section, shown, table } from "./section.ts";
import type { PageServer } from "./server.ts";

/** Many and short: a hundredth of all requests traced adds a twentieth, and one window differs from the next by as much. */
const pattern = { users: 64, warmUpMs: 2500, windowMs: 2000, rounds: 12 };

/** What traces cost: Plimsoll without any, with a hundredth of its requests traced, and with all. */
export async function measureTraces({ untraced, json, traced }: Clients, server: PageServer): Promise<Section> {
  const clients = [untraced, json, traced];
  const rounds = await measure(present(clients), server, pattern, () => {});
  const against = (name: string) => ratio(rounds, untraced.name, name);
  return {
    title: "Traces",
    text: `The same closed loop in ${pattern.rounds} rounds, each looked at for ${pattern.windowMs / 1000} s.

${table(
  ["client", "CPU µs a request", "× the CPU time without traces"],
  clients.map(({ name }) => [
    name,
    shown(spread((rounds.get(name) ?? []).map(({ cpuMicros }) => cpuMicros))),
    shown(against(name)),
  ]),
)}`,
    figures: [
      figure("CPU with 100 % of requests traced, against none", against(traced.name), { most: 2 }, "×"),
      figure("CPU with 1 % of requests traced, against none", against(json.name), { most: 1.05 }, "×"),
    ],
  };
}
