import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface ReceivedSpan {
  traceId: string;
  spanId: string;
  name: string;
  kind: number;
  flags: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  status: { code: number; message?: string };
  attributes: Record<string, unknown>;
  resource: Record<string, unknown>;
}

/**
 * How the receiver behaves: accepts, answers a status, accepts all but one of a batch, accepts late, accepts when it is
 * released, or never answers.
 */
export type Manner = "accept" | 400 | 503 | "partly" | "late" | "held" | "silent";

/** An OTLP/HTTP receiver of JSON, the other side's view of what was exported. */
export class OtlpReceiver {
  manner: Manner = "accept";
  /** Of batches that were accepted. */
  readonly spans: ReceivedSpan[] = [];
  readonly bodies: string[] = [];
  readonly headers: Record<string, unknown>[] = [];
  batches = 0;
  readonly #held: (() => void)[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const body = Buffer.concat(chunks).toString();
      this.batches++;
      this.bodies.push(body);
      this.headers.push(request.headers);
      const spans = request.url === "/v1/traces" ? spansOf(JSON.parse(body)) : [];
      const { manner } = this;
      if (manner === "silent") return;
      if (manner === "late") await new Promise((resolve) => setTimeout(resolve, 150));
      if (manner === "held") await new Promise<void>((release) => this.#held.push(release));
      if (typeof manner === "number") {
        response.writeHead(manner).end();
        return;
      }
      this.spans.push(...(manner === "partly" ? spans.slice(1) : spans));
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(manner === "partly" ? { partialSuccess: { rejectedSpans: "1" } } : {}));
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Answers what is held. */
  release(): void {
    for (const release of this.#held.splice(0)) release();
  }

  /** From now on connections are refused. */
  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

interface Attribute {
  key: string;
  value: Record<string, unknown>;
}

/** OTLP/JSON, as far as it is looked at. */
interface Export {
  resourceSpans: {
    resource: { attributes: Attribute[] };
    scopeSpans: { spans: (Omit<ReceivedSpan, "attributes" | "resource"> & { attributes: Attribute[] })[] }[];
  }[];
}

function spansOf({ resourceSpans }: Export): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({ ...span, attributes: plain(span.attributes), resource: plain(resource.attributes) })),
    ),
  );
}

function plain(attributes: Attribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
