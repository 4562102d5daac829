import { connect } from "node:net";
import { join } from "node:path";
import { program } from "../services.ts";
import { freePort } from "./network.ts";
import { Service } from "./service.ts";

/** A real NATS with JetStream and its monitoring port. */
export class NatsServer {
  /** Of the monitoring port. */
  readonly url: string;
  readonly #port: number;

  private constructor(url: string, port: number) {
    this.url = url;
    this.#port = port;
  }

  static async start(folder: string): Promise<NatsServer> {
    const [port, monitoring] = await Promise.all([freePort(), freePort()]);
    const url = `http://127.0.0.1:${monitoring}`;
    await Service.start({
      command: program("nats-server") ?? "",
      args: [
        "-a",
        "127.0.0.1",
        "-p",
        String(port),
        "-m",
        String(monitoring),
        "-js",
        "-sd",
        join(folder, "nats"),
        "-l",
        join(folder, "nats.log"),
      ],
      ready: async () => (await fetch(`${url}/healthz`)).ok,
    });
    return new NatsServer(url, port);
  }

  /** Publishes with an inbox, and gives the first message that comes to it, as NATS's protocol has it. */
  async request(subject: string, body: unknown): Promise<string> {
    const socket = connect(this.#port, "127.0.0.1");
    const text = typeof body === "string" ? body : JSON.stringify(body);
    socket.write(
      `CONNECT {"verbose":false}\r\nSUB inbox 1\r\nPUB ${subject} inbox ${Buffer.byteLength(text)}\r\n${text}\r\n`,
    );
    let answer = "";
    for await (const piece of socket) {
      answer += String(piece);
      if (/^MSG \S+ [\s\S]*\r\n[\s\S]*\r\n/m.test(answer)) break;
    }
    return answer.slice(answer.indexOf("MSG "));
  }
}
