import { mkdtempSync, rmSync } from "node:fs";
import { cpus, release, tmpdir, totalmem } from "node:os";
import { basename, join } from "node:path";
import type { Peer } from "./peers/peer.ts";
import type { Pattern } from "./rounds.ts";
import { type Section, table } from "./section.ts";
import type { PageServer } from "./server.ts";

export interface Measured {
  server: PageServer;
  pattern: Pattern;
  peers: readonly Peer[];
  sections: Section[];
}

/** What was measured, as a page of the documentation. */
export function report({ server, pattern, peers, sections }: Measured): string {
  const figures = sections.flatMap((section) => section.figures);
  return `# Performance

Written by \`npm run bench\`, which measures everything anew. Only what stands in one run of it compares: never set these
figures against those of another machine, or of another day.

${setting(server, pattern)}

## What Plimsoll is to reach

${table(
  ["what", "wanted", "measured: median (least to most)", "reached"],
  figures.map(({ what, wanted, got, reached }) => [what, wanted, got, reached ? "yes" : "**no**"]),
)}

${sections.map(({ title, text }) => `## ${title}\n\n${text}`).join("\n\n")}

## Who was measured

${table(
  ["client", "version", "command line"],
  peers.filter(isHere).map((peer) => row(peer, { url: server.url, users: pattern.users })),
)}
${leftOut(peers)}`;
}

function setting({ name }: PageServer, { users, rounds, warmUpMs, windowMs }: Pattern): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `- Machine: ${cpus().length} cores (${cpu?.model.trim() ?? "unknown"}), ${memory} GiB, Linux ${release()}, Node ${process.versions.node}.
- Server: ${name} on one core, answering 100 bytes of JSON over kept-alive HTTP/1.1; the client, all of it, on another.
- Closed loop: ${users} users with a connection each, ${rounds} rounds of all clients in turn, every other round in the opposite
  order. Each is looked at for ${windowMs / 1000} s, ${(warmUpMs / 1000).toFixed(1)} s after its users have begun.
- All clients are measured alike: requests as the server counts them, CPU time as the kernel does, of the client's whole
  process tree. A ratio is of the requests made with the same CPU time, round by round, then the median: what else runs on
  the machine takes time from a client, but hardly adds to its work. \`cores\` says how much of its core each had: where
  neither client nor server had a whole one, somebody else did, and requests/s say little.
- Plimsoll runs with everything on: its own command line, histograms, \`/metrics\` scraped each second, run file, 1 % of
  requests traced to a receiver where nothing else is said; one worker thread, with the main thread on the same core. A worker exports at most 4,096 spans a
  second, also where all requests are traced; it counts the others as dropped.
- Not measured: two workers against one.`;
}

function isHere({ program }: Peer): boolean {
  return program !== undefined;
}

function row(peer: Peer, load: { url: string; users: number }): string[] {
  const { name, program = "" } = peer;
  return [name, peer.version(program), `\`${commandLine(peer, program, load)}\``];
}

/** As it was started, without the folders of this machine. */
function commandLine(peer: Peer, found: string, { url, users }: { url: string; users: number }): string {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-bench-"));
  const { program, args } = peer.loop(found, { url, users, seconds: 60, folder });
  rmSync(folder, { recursive: true });
  return [basename(program), ...args].map((one) => one.replace(/^\/.*\//, "")).join(" ");
}

function leftOut(peers: readonly Peer[]): string {
  const missing = peers.filter((peer) => !isHere(peer));
  if (missing.length === 0) return "";
  return `\nLeft out, because they were not installed: ${missing.map(({ name, install }) => `${name} (\`${install}\`)`).join("; ")}.\n`;
}
