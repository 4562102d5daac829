import { spawn } from "node:child_process";
import type { Io } from "./io.ts";

/** What keys do while a load runs. */
export interface Keys {
  /** So many users more, or fewer. */
  change(by: number): void;
  openPage(): void;
}

/** Locust's: `w` and `W` add 1 and 10 users, `s` and `S` take them away, Enter opens the page. */
const changes: Record<string, number> = { w: 1, W: 10, s: -1, S: -10 };

/** Follows the keyboard of a terminal until what is returned is called; elsewhere there is nothing to follow. */
export function followKeys(io: Io, { change, openPage }: Keys): () => void {
  const release = io.onKey?.((key) => {
    const by = changes[key];
    if (by !== undefined) change(by);
    else if (key === "\r" || key === "\n") openPage();
  });
  return release ?? (() => undefined);
}

/** In the default browser; where there is none, nothing happens. */
export function openInBrowser(url: string): void {
  const [program, ...args]: [string, ...string[]] =
    process.platform === "darwin" ? ["open"] : process.platform === "win32" ? ["cmd", "/c", "start", ""] : ["xdg-open"];
  const opener = spawn(program, [...args, url], { stdio: "ignore", detached: true });
  opener.on("error", () => {
    // No such program: the address was printed.
  });
  opener.unref();
}
