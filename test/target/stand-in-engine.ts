import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A container as the stand-in knows it. */
export interface StandInContainer {
  id: string;
  name: string;
  startedAt: string;
  /** What `docker run --cpus`, `--memory` gave; 0 for nothing. */
  nanoCpus?: number;
  memoryLimit?: number;
  restartCount?: number;
  exitCode?: number;
  oomKilled?: boolean;
  labels?: Record<string, string>;
  /** Undefined for one that does not run. */
  stats: object | undefined;
  /** Frames of the log. */
  log?: Buffer;
}

/** What answers in place of the engine, once: for one that fails. */
export type StandInFault = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * A stand-in for a Docker engine on a unix socket: answers what the collectors ask in the shapes that the Engine API
 * documents (https://docs.docker.com/reference/api/engine/version/v1.47/).
 */
export class StandInEngine {
  readonly address: string;
  readonly containers: StandInContainer[] = [];
  readonly paths: string[] = [];
  fault: StandInFault | undefined;
  readonly #folder = mkdtempSync(join(tmpdir(), "plimsoll-docker-"));
  readonly #socket = join(this.#folder, "docker.sock");
  readonly #server = createServer((request, response) => this.#answer(request, response));

  constructor() {
    this.address = `unix://${this.#socket}`;
  }

  async start(): Promise<void> {
    this.#server.listen(this.#socket);
    await once(this.#server, "listening");
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    if (this.#server.listening) await once(this.#server, "close");
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "", "http://docker");
    this.paths.push(url.pathname + url.search);
    if (this.fault !== undefined) {
      this.fault(request, response);
      return;
    }
    const send = (status: number, content: unknown) => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(content));
    };
    const [, , wanted = "", what = ""] = url.pathname.split("/").map(decodeURIComponent);
    if (wanted === "json") {
      const { label = [] } = JSON.parse(url.searchParams.get("filters") ?? "{}") as { label?: string[] };
      const fitting = this.containers.filter(({ labels = {} }) =>
        label.every((one) => labels[one.split("=")[0] ?? ""] === one.split("=")[1]),
      );
      send(
        200,
        fitting.map(({ id, name, labels = {} }) => ({ Id: id, Names: [`/${name}`], Labels: labels })),
      );
      return;
    }
    const container = this.containers.find(({ id, name }) => id === wanted || name === wanted);
    if (container === undefined) send(404, { message: `No such container: ${wanted}` });
    else if (what === "json") send(200, inspected(container));
    else if (what === "logs") {
      const since = Number(url.searchParams.get("since") ?? 0);
      response.writeHead(200, { "content-type": "application/vnd.docker.multiplexed-stream" });
      response.end(logSince(container.log ?? Buffer.alloc(0), since, url.searchParams.get("tail")));
    } else send(200, container.stats ?? {});
  }
}

function inspected(container: StandInContainer): object {
  const { id, name, startedAt, nanoCpus = 0, memoryLimit = 0, restartCount = 0, stats } = container;
  return {
    Id: id,
    Name: `/${name}`,
    RestartCount: restartCount,
    State: {
      Status: stats === undefined ? "exited" : "running",
      Running: stats !== undefined,
      Paused: false,
      OOMKilled: container.oomKilled ?? false,
      ExitCode: container.exitCode ?? 0,
      StartedAt: startedAt,
    },
    HostConfig: { NanoCpus: nanoCpus, CpuQuota: 0, CpuPeriod: 0, Memory: memoryLimit },
    Config: { Tty: false, Labels: container.labels ?? {} },
  };
}

/** A frame of a log without a terminal: stream, three zeros, length, then the line behind its time. */
export function logFrame(stream: "stdout" | "stderr", time: string, line: string): Buffer {
  const text = Buffer.from(`${time} ${line}\n`);
  const header = Buffer.alloc(8);
  header[0] = stream === "stdout" ? 1 : 2;
  header.writeUInt32BE(text.length, 4);
  return Buffer.concat([header, text]);
}

function logSince(log: Buffer, since: number, tail: string | null): Buffer {
  const frames: Buffer[] = [];
  for (let at = 0; at < log.length; ) {
    const length = log.readUInt32BE(at + 4);
    const frame = log.subarray(at, at + 8 + length);
    const time = Date.parse(frame.toString("utf8", 8, 8 + 30)) / 1000;
    if (time >= since) frames.push(frame);
    at += 8 + length;
  }
  return Buffer.concat(tail === null || tail === "all" ? frames : frames.slice(-Number(tail)));
}
