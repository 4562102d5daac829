/**
 * A closed loop on undici's `Client.dispatch`: a Client for each user, a promise for each request, the body counted and let
 * go. `node undici-loop.ts loop|idle|once URL USERS`. The request is the same on the wire as Plimsoll's.
 */
import { Client, type Dispatcher } from "undici";

const [, , mode = "loop", url = "", users = "1"] = process.argv;
const { origin, pathname } = new URL(url);
const headers = ["user-agent", "plimsoll/0.1.0", "accept", "*/*"];
const request: Dispatcher.DispatchOptions = { origin, path: pathname, method: "GET", headers };
let bytes = 0;

class User implements Dispatcher.DispatchHandler {
  readonly #client = new Client(origin, {
    pipelining: 1,
    keepAliveTimeout: 600_000,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  #resolve = () => {};
  #reject: (error: Error) => void = () => {};

  onRequestStart(): void {}
  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    if (status !== 200) this.#reject(new Error(`expected status 200, got ${status}`));
  }
  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    bytes += chunk.length;
  }
  onResponseEnd(): void {
    this.#resolve();
  }
  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#reject(error);
  }

  ask(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#client.dispatch(request, this);
    });
  }

  async run(): Promise<void> {
    do await this.ask();
    while (mode === "loop");
    if (mode === "once") await this.#client.close();
  }
}

// undici does not keep a process alive for connections that wait.
if (mode === "idle") setInterval(() => {}, 60_000);
await Promise.all(Array.from({ length: Number(users) }, () => new User().run()));
if (mode === "once") process.stdout.write(`${bytes} bytes\n`);
