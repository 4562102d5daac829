import type { ChildProcess } from "node:child_process";

/** What a client is to load, and how. */
export interface Load {
  /** Of the page that is asked for. */
  url: string;
  /** Users, each with a connection of its own: as soon as one has its answer it asks again. */
  users: number;
  /** It is ended before. */
  seconds: number;
  /** Where it may leave files. */
  folder: string;
}

/** How to start a client. */
export interface Command {
  program: string;
  args: string[];
  env?: Record<string, string>;
  /** What goes on beside it while it runs, such as a scraper; gives what ends that. */
  attend?(child: ChildProcess): () => void;
}

/** So many requests a second, whatever the answers do. `users` are the most that may wait at once. */
export interface OpenLoad extends Load {
  perSecond: number;
}

/** What a client says that its users saw, in seconds; `dropped` are requests that it could not start. */
export interface OpenFigures {
  p90: number;
  p99: number;
  dropped?: number;
}

export interface OpenCommand extends Command {
  /** Once it has ended. */
  figures(): OpenFigures;
}

/** Another client, or Plimsoll with some of its features. */
export interface Peer {
  /** Unique; what the report calls it. */
  name: string;
  /** Where its program is, or undefined if this machine lacks it. */
  program: string | undefined;
  /** How to get it. */
  install: string;
  /** What its program says of its version. */
  version(program: string): string;
  /** Closed loop: requests without pause. */
  loop(program: string, load: Load): Command;
  /** Each user asks once, and then waits with its connection open. Absent if it cannot. */
  idle?(program: string, load: Load): Command;
  /** One user asks once; then it ends. Absent if it cannot. */
  once?(program: string, load: Load): Command;
  /** Absent if it has no such load. */
  open?(program: string, load: OpenLoad): OpenCommand;
}

/** A peer that this machine has. */
export interface Present {
  peer: Peer;
  program: string;
}
