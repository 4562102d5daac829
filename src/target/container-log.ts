import type { Containers } from "../scenario/plan-source.ts";
import { CollectError } from "./collect-error.ts";
import { replicasOf } from "./docker.ts";
import type { DockerEngine } from "./engine.ts";
import { splitLines } from "./log-file.ts";

/** The engine's times have one width: they can be compared as text. */
const TIME_LENGTH = 30;

/**
 * The logs of containers, as the engine keeps them (`GET /containers/{id}/logs`): what each has said since the last look.
 * At the first look only where its log ends is found.
 */
export class ContainerLog {
  readonly #engine: DockerEngine;
  readonly #containers: Containers;
  /** The time of the last line, by container; empty where there was none yet. */
  #ends = new Map<string, string>();
  #looked = false;

  constructor(engine: DockerEngine, containers: Containers) {
    this.#engine = engine;
    this.#containers = containers;
  }

  async read(signal: AbortSignal): Promise<string[]> {
    const ids =
      this.#containers.kind === "named"
        ? this.#containers.names
        : await replicasOf(this.#engine, this.#containers, signal);
    const before = this.#ends;
    const ends = new Map<string, string>();
    const lines = await Promise.all(ids.map((id) => this.#readOne(id, before.get(id), ends, signal)));
    this.#ends = ends;
    this.#looked = true;
    return lines.flat();
  }

  close(): Promise<void> {
    return this.#engine.close();
  }

  async #readOne(
    id: string,
    end: string | undefined,
    ends: Map<string, string>,
    signal: AbortSignal,
  ): Promise<string[]> {
    // A replica that came since the first look is read from its beginning.
    const from = end ?? (this.#looked ? "" : undefined);
    const which = from === undefined ? "tail=1" : from === "" ? "tail=all" : `since=${unixTime(from)}`;
    const path = `/containers/${encodeURIComponent(id)}/logs?stdout=true&stderr=true&timestamps=true&${which}`;
    const { body } = await this.#engine.bytes(path, signal);
    const timed: string[] = [];
    splitLines(Buffer.concat([withoutFrames(body), Buffer.from("\n")]), timed);
    const fresh = timed.filter((line) => /^\d{4}-/.test(line) && line.slice(0, TIME_LENGTH) > (from ?? ""));
    const last = fresh.reduce((latest, line) => (line > latest ? line : latest), "").slice(0, TIME_LENGTH);
    ends.set(id, last === "" ? (from ?? "") : last);
    return from === undefined ? [] : fresh.map((line) => line.slice(line.indexOf(" ") + 1));
  }
}

/** `2026-11-21T10:00:00.123456789Z` as the engine takes it: seconds with nine digits. */
function unixTime(time: string): string {
  const ms = Date.parse(`${time.slice(0, 19)}Z`);
  if (!Number.isFinite(ms)) throw new CollectError("parse", "expected the engine's log with times, got none");
  return `${ms / 1000}.${time.slice(20, 29)}`;
}

/**
 * Without a terminal the engine sends frames: a byte for the stream (0 to 2), three zeros, the length, the text. With one it
 * sends the text as it is.
 */
function withoutFrames(body: Buffer): Buffer {
  if (body.length < 8 || (body[0] ?? 9) > 2 || body.readUIntBE(1, 3) !== 0) return body;
  const texts: Buffer[] = [];
  for (let at = 0; at + 8 <= body.length; ) {
    const length = body.readUInt32BE(at + 4);
    texts.push(body.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return Buffer.concat(texts);
}
