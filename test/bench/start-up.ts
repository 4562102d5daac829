import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Child } from "./child.ts";
import { everyCore } from "./cores.ts";
import type { Present } from "./peers/peer.ts";
import { type Spread, spread, withFolder } from "./rounds.ts";
import { figure, type Section, shown, table } from "./section.ts";
import { page } from "./server.ts";

interface Times {
  first: number[];
  whole: number[];
}

/** From the start of the process to its first request, and to its end where it makes but one. */
export async function measureStartUp(peers: Present[], rounds: number): Promise<Section> {
  const able = peers.filter(({ peer }) => peer.once !== undefined);
  const times = new Map(able.map(({ peer }): [string, Times] => [peer.name, { first: [], whole: [] }]));
  for (let round = 0; round < rounds; round++) {
    for (const present of round % 2 === 0 ? able : able.toReversed()) {
      const { first, whole } = await startOf(present);
      times.get(present.peer.name)?.first.push(first);
      times.get(present.peer.name)?.whole.push(whole);
    }
  }
  const of = (name: string, which: keyof Times): Spread => spread(times.get(name)?.[which] ?? []);
  const own = able[0]?.peer.name ?? "";
  return {
    title: "Start-up",
    text: `Of ${rounds} starts each, with all of the machine's cores, as whoever types the command has them. Plimsoll keeps its compiled code from the first of them on.

${table(
  ["client", "to the first request, ms", "whole process with one request, ms"],
  able.map(({ peer: { name } }) => [name, shown(of(name, "first")), shown(of(name, "whole"))]),
)}`,
    figures: [figure("start-up to the first request, traces off", of(own, "first"), { most: 300 }, " ms")],
  };
}

function startOf({ peer, program }: Present): Promise<{ first: number; whole: number }> {
  return withFolder(async (folder) => {
    let firstAt: number | undefined;
    const server = createServer((_, response) => {
      firstAt ??= performance.now();
      response.writeHead(200, { "content-type": "application/json" }).end(page);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const command = peer.once?.(program, { url, users: 1, seconds: 1, folder });
    if (command === undefined) return { first: Number.NaN, whole: Number.NaN };
    const start = performance.now();
    const child = new Child(command, folder, everyCore);
    await child.ended;
    const whole = performance.now() - start;
    server.closeAllConnections();
    server.close();
    if (firstAt === undefined) throw new Error(`${peer.name} ended without a request: ${child.output}`);
    return { first: firstAt - start, whole };
  });
}
