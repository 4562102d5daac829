import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Load, Peer } from "./peer.ts";

const loop = join(import.meta.dirname, "undici-loop.ts");

function command(mode: "loop" | "idle" | "once") {
  return (program: string, { url, users }: Load) => ({ program, args: [loop, mode, url, `${users}`] });
}

/** What Plimsoll's client is made of, and nothing else: the least that a request can cost it. */
export const undici: Peer = {
  name: "bare undici",
  program: process.execPath,
  install: "comes with Plimsoll",
  version: () => {
    const text = readFileSync(join(import.meta.dirname, "../../../node_modules/undici/package.json"), "utf8");
    return `${(JSON.parse(text) as { version: string }).version}, Node ${process.versions.node}`;
  },
  loop: command("loop"),
  idle: command("idle"),
  once: command("once"),
};
