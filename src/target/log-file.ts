import { type FileHandle, open, stat } from "node:fs/promises";
import { CollectError, codeOf } from "./collect-error.ts";

/** What is read at most in one look; what comes faster waits for the next. */
const MOST_BYTES = 4_000_000;
/** What has gathered beyond this is passed over, and said. */
const MOST_BEHIND = 64_000_000;
/** A line that is longer is cut into pieces. */
const MOST_OF_A_LINE = 65_536;

/**
 * A file that is written to while it is read: from the end that it had at the first look, through its rotation (another
 * file under its name: what was left of the old one is read first) and its truncation.
 */
export class LogFile {
  readonly #path: string;
  #file: FileHandle | undefined;
  #inode = 0n;
  #offset = 0;
  #rest = Buffer.alloc(0);
  #looked = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** Whole lines since the last look, and how many bytes were passed over. Fails with a `CollectError`. */
  async read(): Promise<{ lines: string[]; skipped: number }> {
    const lines: string[] = [];
    let skipped = 0;
    const there = await this.#stat();
    const first = !this.#looked;
    this.#looked = true;
    if (this.#file !== undefined && there?.ino !== this.#inode) {
      skipped += await this.#take(lines);
      await this.close();
    }
    if (there === undefined) throw new CollectError("missing", `no file ${this.#path}`);
    if (this.#file === undefined) {
      await this.#open();
      if (first) this.#offset = Number(there.size);
    }
    if (there.size < this.#offset) {
      this.#offset = 0;
      this.#rest = Buffer.alloc(0);
    }
    skipped += await this.#take(lines);
    return { lines, skipped };
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    this.#rest = Buffer.alloc(0);
    this.#offset = 0;
    await file?.close();
  }

  async #stat() {
    try {
      return await stat(this.#path, { bigint: true });
    } catch (error) {
      const code = codeOf(error);
      if (code === "") throw error;
      if (code === "ENOENT") return undefined;
      throw new CollectError("refused", `cannot look at ${this.#path} (${code})`);
    }
  }

  async #open(): Promise<void> {
    try {
      this.#file = await open(this.#path, "r");
      const { ino, size } = await this.#file.stat({ bigint: true });
      // What is no file, such as a pipe, has no end to begin at.
      this.#inode = ino;
      this.#offset = 0;
      if (size === 0n) return;
    } catch (error) {
      const code = codeOf(error);
      if (code === "") throw error;
      throw new CollectError(code === "EACCES" ? "auth" : "refused", `cannot read ${this.#path} (${code})`);
    }
  }

  async #take(lines: string[]): Promise<number> {
    if (this.#file === undefined) return 0;
    const { size } = await this.#file.stat();
    let skipped = 0;
    if (size - this.#offset > MOST_BEHIND) {
      skipped = size - this.#offset - MOST_BYTES;
      this.#offset += skipped;
      this.#rest = Buffer.alloc(0);
    }
    const length = Math.min(MOST_BYTES, size - this.#offset);
    if (length <= 0) return skipped;
    const { bytesRead, buffer } = await this.#file.read(Buffer.alloc(length), 0, length, this.#offset);
    this.#offset += bytesRead;
    this.#rest = splitLines(Buffer.concat([this.#rest, buffer.subarray(0, bytesRead)]), lines);
    return skipped;
  }
}

/** Adds whole lines; gives what follows the last of them. */
export function splitLines(bytes: Buffer, lines: string[]): Buffer<ArrayBuffer> {
  let from = 0;
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
    lines.push(bytes.toString("utf8", from, Math.min(end, from + MOST_OF_A_LINE)).replace(/\r$/, ""));
    from = end + 1;
  }
  if (bytes.length - from <= MOST_OF_A_LINE) return Buffer.from(bytes.subarray(from));
  lines.push(bytes.toString("utf8", from, from + MOST_OF_A_LINE));
  return Buffer.alloc(0);
}
