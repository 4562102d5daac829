import { setTimeout as pause } from "node:timers/promises";
import { Child } from "./child.ts";
import type { Present } from "./peers/peer.ts";
import { usageOf } from "./process-tree.ts";
import { median, type Spread, spread, withFolder } from "./rounds.ts";
import { figure, number, type Section, shown, table } from "./section.ts";
import type { PageServer } from "./server.ts";

const CROWDS = [1000, 10_000];
/** After the last user has its answer: garbage is collected, timers are set. */
const SETTLE_MS = 5000;

/** Users that have asked once and wait, each with its connection: what they take beside an empty run. */
export async function measureMemory(peers: Present[], server: PageServer, rounds: number): Promise<Section> {
  const able = peers.filter(({ peer }) => peer.idle !== undefined);
  const rss = new Map(able.map(({ peer }) => [peer.name, new Map<number, number[]>()]));
  for (let round = 0; round < rounds; round++) {
    for (const present of able) {
      for (const users of [1, ...CROWDS]) {
        const sizes = rss.get(present.peer.name);
        sizes?.set(users, [...(sizes.get(users) ?? []), await rssOf(present, server, users)]);
      }
    }
  }
  const empty = (name: string) => median(rss.get(name)?.get(1) ?? []);
  const perUser = (name: string, users: number): Spread => {
    const all = rss.get(name)?.get(users) ?? [];
    return spread(all.map((bytes) => (bytes - empty(name)) / users / 1000));
  };
  const own = able[0]?.peer.name ?? "";
  return {
    title: "Memory of users who wait",
    text: table(
      ["client", "one user, MB", ...CROWDS.map((users) => `${users.toLocaleString("en")} users, kB each`)],
      able.map(({ peer: { name } }) => [
        name,
        number(empty(name) / 1e6),
        ...CROWDS.map((users) => shown(perUser(name, users))),
      ]),
    ),
    figures: [
      figure("memory a user, 10,000 waiting with a connection each", perUser(own, 10_000), { most: 40 }, " kB"),
    ],
  };
}

function rssOf({ peer, program }: Present, server: PageServer, users: number): Promise<number> {
  return withFolder(async (folder) => {
    const before = await server.requests();
    const command = peer.idle?.(program, { url: server.url, users, seconds: 600, folder });
    if (command === undefined) return Number.NaN;
    const child = new Child(command, folder);
    try {
      while ((await server.requests()) < before + users) {
        child.check();
        await pause(200);
      }
      await pause(SETTLE_MS);
      child.check();
      return usageOf(child.pid).rssBytes;
    } finally {
      await child.end();
    }
  });
}
