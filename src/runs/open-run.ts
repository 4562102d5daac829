import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { APPLICATION_ID, FORMAT_VERSION } from "./run-format.ts";
import { isSqliteError, StoredRun } from "./stored-run.ts";

/** Why a file could not be opened as a run. */
export interface RunFileProblem {
  kind: "problem";
  code: "missing" | "unreadable" | "empty" | "foreign" | "newer" | "damaged";
  path: string;
  /** For people: what was expected, what was got, what to do. */
  message: string;
}

/** What is looked at of SQLite's database header (https://www.sqlite.org/fileformat.html, 1.3). */
interface Header {
  magic: string;
  pageSize: number;
  pages: number;
  userVersion: number;
  applicationId: number;
}

const HEADER_BYTES = 100;
const MAGIC = "SQLite format 3\0";
const BUSY_MS = 1_000;

/**
 * Opens a run file, also after its generator was killed, and where it is cut or damaged: then with what can be read.
 *
 * - A file without a log beside it is only read: nothing is written to it, nothing made next to it.
 * - One with a log was killed, or is being written. It is opened as SQLite does, which takes the log in when it is closed,
 *   unless the run still goes on.
 * - Where neither can be done (a folder that cannot be written, a file that was cut), a copy in the temporary folder is
 *   opened and removed again.
 */
export function openRun(path: string): StoredRun | RunFileProblem {
  const problem = (code: RunFileProblem["code"], message: string): RunFileProblem => ({
    kind: "problem",
    code,
    path,
    message: `${path} ${message}`,
  });
  let header: Header | undefined;
  try {
    header = readHeader(path);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code === "ENOENT")
      return problem("missing", "does not exist: give the path of a run file, such as runs/….db");
    return problem("unreadable", `cannot be read: ${error.message}`);
  }
  if (header === undefined) return problem("empty", "holds no run: its generator was killed as it started");
  if (header.magic !== MAGIC || header.applicationId !== APPLICATION_ID) {
    return problem("foreign", "is not a run file of Plimsoll, or its first page is damaged");
  }
  if (header.userVersion > FORMAT_VERSION) {
    const versions = `version ${header.userVersion} of the format, this Plimsoll reads up to ${FORMAT_VERSION}`;
    return problem("newer", `was written by a newer Plimsoll (${versions}): update Plimsoll`);
  }
  try {
    return openInPlace(path);
  } catch (error) {
    if (!isExpected(error)) throw error;
  }
  try {
    return openCopy(path, header);
  } catch (error) {
    if (!isExpected(error) && !isSystemError(error)) throw error;
    // SQLite may quote a whole broken statement.
    const [reason = ""] = error.message.split("\n");
    return problem("damaged", `is damaged, and its plan cannot be read: ${reason}`);
  }
}

function openInPlace(path: string): StoredRun {
  const hasLog = [`${path}-wal`, `${path}-journal`].some((log) => existsSync(log) && statSync(log).size > 0);
  if (hasLog) return opened(path, new DatabaseSync(path, { timeout: BUSY_MS }), () => undefined);
  const url = pathToFileURL(path);
  // Without it SQLite would make an index file next to a file whose run was killed, and fail where it may not.
  url.searchParams.set("immutable", "1");
  return opened(path, new DatabaseSync(url, { readOnly: true }), () => undefined);
}

function openCopy(path: string, header: Header): StoredRun {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-run-"));
  const release = () => rmSync(folder, { recursive: true, force: true });
  try {
    const copy = join(folder, "run.db");
    copyFileSync(path, copy);
    if (existsSync(`${path}-wal`)) copyFileSync(`${path}-wal`, `${copy}-wal`);
    // SQLite refuses a file that is shorter than its header says. With empty pages in place of those that were cut off, only
    // what was on them is lost.
    const size = header.pages * header.pageSize;
    if (statSync(copy).size < size) truncateSync(copy, size);
    return opened(path, new DatabaseSync(copy, { timeout: BUSY_MS }), release);
  } catch (error) {
    release();
    throw error;
  }
}

function opened(path: string, database: DatabaseSync, release: () => void): StoredRun {
  try {
    return new StoredRun(path, database, release);
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Undefined for a file that is shorter than a header. */
function readHeader(path: string): Header | undefined {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(HEADER_BYTES);
    if (readSync(file, bytes, 0, HEADER_BYTES, 0) < HEADER_BYTES) return undefined;
    const pageSize = bytes.readUInt16BE(16);
    return {
      magic: bytes.toString("latin1", 0, 16),
      // 1 stands for 65,536, which has no room in two bytes.
      pageSize: pageSize === 1 ? 65_536 : pageSize,
      pages: bytes.readUInt32BE(28),
      userVersion: bytes.readUInt32BE(60),
      applicationId: bytes.readUInt32BE(68),
    };
  } finally {
    closeSync(file);
  }
}

/** A plan that is no JSON any more is as good as a broken page. */
function isExpected(error: unknown): error is Error {
  return isSqliteError(error) || error instanceof SyntaxError;
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error;
}
