import { present } from "./loop.ts";
import type { Peer } from "./peers/peer.ts";
import { measure, ratio, type Spread } from "./rounds.ts";
import type { PageServer } from "./server.ts";

/** Short enough to be made often: the median of several pairs says more than one long window. */
const short = { users: 64, warmUpMs: 1500, windowMs: 1000 };

/**
 * One client against another, now the one first, now the other: how many requests the first makes with the CPU time that
 * the second takes for one.
 */
export async function pairs(one: Peer, other: Peer, server: PageServer, rounds: number): Promise<Spread> {
  const windows = await measure(present([one, other]), server, { ...short, rounds }, () => {});
  return ratio(windows, one.name, other.name);
}
