import type { Socket } from "node:net";
import { ExchangeAbort } from "./failure.ts";

/** A proxy for HTTP (RFC 9110, 7.3.2): plain requests are sent to it whole, TLS goes through a tunnel. */
export interface HttpProxy {
  host: string;
  port: number;
  /** `proxy-authorization`, where its URL has a login. */
  authorization: string | undefined;
  /** Hosts that are reached without it: a name, or `.suffix` for all below a domain. */
  except: readonly string[];
}

/** `http://user:password@proxy:3128`. */
export function readProxy(url: string, except: readonly string[]): HttpProxy {
  const { hostname, port, username, password } = new URL(url);
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {
    host: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port || 80),
    authorization: username === "" ? undefined : `Basic ${Buffer.from(login).toString("base64")}`,
    except,
  };
}

export function isProxied({ except }: HttpProxy, host: string): boolean {
  const name = host.toLowerCase().replace(/^\[|\]$/g, "");
  return !except.some((one) => {
    const rule = one.toLowerCase();
    return rule === "*" || name === rule.replace(/^\./, "") || (rule.startsWith(".") && name.endsWith(rule));
  });
}

/** An answer to CONNECT has a head alone, and a short one. */
const MOST_HEAD_BYTES = 16 * 1024;

/** Has a proxy connect a socket through to `host:port` (RFC 9110, 9.3.6). Calls back once, with why not if it does not. */
export function openTunnel(
  socket: Socket,
  { authorization }: HttpProxy,
  authority: string,
  done: (problem: ExchangeAbort | undefined) => void,
): void {
  let head = "";
  const read = () => {
    for (;;) {
      // A byte at a time past nothing: what follows the head is the target's, and TLS's to read.
      const piece = socket.read(1) as Buffer | null;
      if (piece === null) return;
      head += piece.toString("latin1");
      if (head.endsWith("\r\n\r\n")) return finish(answer(head));
      if (head.length > MOST_HEAD_BYTES) return finish(refused("answered CONNECT with too long a head"));
    }
  };
  const ended = () => finish(refused("closed the connection at CONNECT"));
  const finish = (problem: ExchangeAbort | undefined) => {
    socket.off("readable", read).off("end", ended);
    done(problem);
  };
  socket.on("readable", read).once("end", ended);
  const login = authorization === undefined ? "" : `Proxy-Authorization: ${authorization}\r\n`;
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${login}\r\n`);
}

/** Any 2xx opens the tunnel; the reason is the proxy's own words, and left out. */
function answer(head: string): ExchangeAbort | undefined {
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1];
  if (status === undefined) return refused("does not speak HTTP");
  if (status.startsWith("2")) return undefined;
  return refused(status === "407" ? "wants a login (407), or another one" : `refused CONNECT with ${status}`);
}

function refused(what: string): ExchangeAbort {
  return new ExchangeAbort("connect_refused", `the proxy ${what}`);
}
