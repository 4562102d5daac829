import { isIP } from "node:net";
import type { RequestHandler, Response } from "express";
import { type Token, WRONG_WITHIN_MS } from "./token.ts";

/** `127.0.0.0/8`, `::1` or `localhost`: what only this machine can reach. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, "$1");
  if (isIP(name) === 4) return name.startsWith("127.");
  if (isIP(name) === 6) return ["::1", "::ffff:7f00:1"].includes(canonicalIpv6(name));
  return name === "localhost";
}

function canonicalIpv6(address: string): string {
  return new URL(`http://[${address.replace(/%.*$/, "")}]/`).hostname.slice(1, -1);
}

/** The name in a `Host` header, without its port; undefined if it is no host at all. */
function hostName(header: string | undefined): string | undefined {
  return /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/i.exec(header ?? "")?.[1];
}

/**
 * Why a request is a stranger's, or undefined. A page of another site that a browser on this machine has open can reach
 * loopback: by its own name resolved to 127.0.0.1 (then `Host` is foreign), or across origins (then `Origin` or
 * `Sec-Fetch-Site` say so). A link that somebody follows from another port of this machine is let through, but not where it
 * would change something. Where other machines are served too (`listenHost` undefined), any name may be this one's.
 *
 * Sources: Fetch standard, "Origin"; W3C Fetch Metadata Request Headers.
 */
function stranger(
  headers: Record<string, string | undefined>,
  listenHost: string | undefined,
  changes: boolean,
): string | undefined {
  const host = hostName(headers["host"]);
  const own = host !== undefined && (isLoopback(host) || host.toLowerCase() === listenHost?.toLowerCase());
  if (!own && listenHost !== undefined)
    return "The header Host does not name this machine. Ask for http://127.0.0.1 or http://localhost.";
  // Where other machines are served, a proxy before this server may speak TLS.
  const scheme = listenHost === undefined ? /^https?:\/\// : /^http:\/\//;
  const origin = headers["origin"]?.toLowerCase();
  if (origin !== undefined && !(scheme.test(origin) && origin.replace(scheme, "") === headers["host"]?.toLowerCase())) {
    return "The header Origin names another site. Open the page itself.";
  }
  const site = headers["sec-fetch-site"];
  const followed = !changes && site === "same-site" && headers["sec-fetch-mode"] === "navigate";
  if (site !== undefined && site !== "none" && site !== "same-origin" && !followed) {
    return "The request comes from a page of another site. Open the page itself.";
  }
  return undefined;
}

const safeHeaders: Record<string, string> = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cache-Control": "no-store",
};

/** What changes something, by POST. Two of Locust's may be asked for with GET. */
const changing: Record<string, readonly string[]> = {
  "/api/v1/runs": ["POST"],
  "/api/v1/run/stop": ["POST"],
  "/api/v1/run/scale": ["POST"],
  "/api/v1/run/reset": ["POST"],
  "/swarm": ["POST"],
  "/stop": ["GET", "POST"],
  "/stats/reset": ["GET", "POST"],
};

export interface Guarding {
  /** The name that is listened on; undefined where other machines are served, too. */
  listenHost: string | undefined;
  /** Whether anything may be changed here. */
  changeable: boolean;
  /** Without it nobody gets anything but the way to log in. */
  token: Token | undefined;
}

/** After too many wrong tokens. */
export function refuseForNow(response: Response): void {
  response
    .status(429)
    .set("Retry-After", String(WRONG_WITHIN_MS / 1000))
    .type("text/plain")
    .send("Too many wrong tokens came from your address: none is heard from there for a minute.\n");
}

/** What is served without the token: the way to show it, and whether there is a server. */
const open = ["/login", "/assets/page.css", "/healthz"];

/**
 * Sends strangers away (403), those without the token (401, a browser to the login), and methods that could change something
 * (405) but at the paths that are there for it.
 */
export function guard({ listenHost, changeable, token }: Guarding): RequestHandler {
  return (request, response, next) => {
    const { method, path, headers } = request;
    const methods = path === "/login" && token !== undefined ? ["POST"] : changeable ? (changing[path] ?? []) : [];
    const changes = methods.includes(method);
    const reads = ["GET", "HEAD"].includes(method) && !(method === "HEAD" && methods.includes("GET"));
    const refuse = (status: number, reason: string) => response.status(status).type("text/plain").send(`${reason}\n`);
    response.set(safeHeaders);
    const reason = stranger(
      {
        host: headers.host,
        origin: headers.origin,
        "sec-fetch-site": request.get("sec-fetch-site"),
        "sec-fetch-mode": request.get("sec-fetch-mode"),
      },
      listenHost,
      changes,
    );
    if (reason !== undefined) {
      refuse(403, reason);
      return;
    }
    const needed = open.includes(path) ? undefined : token;
    const shown = needed?.admits(headers, request.socket.remoteAddress ?? "") ?? "right";
    if (shown !== "right") {
      if (shown === "too often") refuseForNow(response);
      else if (path === "/" && reads) response.redirect(303, "/login");
      else {
        response.set("WWW-Authenticate", 'Bearer realm="plimsoll"');
        refuse(401, "Send the token that Plimsoll was started with: Authorization: Bearer …, or log in at /login.");
      }
    } else if (!reads && !changes) {
      response.set("Allow", "GET, HEAD");
      refuse(405, "Only GET and HEAD are served here.");
    } else next();
  };
}
