import { isIP } from "node:net";
import type { RequestHandler } from "express";

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
  const origin = headers["origin"];
  if (origin !== undefined && origin.toLowerCase() !== `http://${headers["host"]?.toLowerCase()}`) {
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

/**
 * Sends strangers away (403), and methods that could change something (405) but at the paths that are there for it, if
 * anything may be changed (`changeable`).
 */
export function guard(listenHost: string | undefined, changeable = false): RequestHandler {
  return (request, response, next) => {
    const methods = changeable ? (changing[request.path] ?? []) : [];
    const changes = methods.includes(request.method);
    const reads = ["GET", "HEAD"].includes(request.method) && !(request.method === "HEAD" && methods.includes("GET"));
    response.set(safeHeaders);
    const reason = stranger(
      {
        host: request.headers.host,
        origin: request.headers.origin,
        "sec-fetch-site": request.get("sec-fetch-site"),
        "sec-fetch-mode": request.get("sec-fetch-mode"),
      },
      listenHost,
      changes,
    );
    if (reason !== undefined) {
      response.status(403).type("text/plain").send(`${reason}\n`);
    } else if (!reads && !changes) {
      response.status(405).set("Allow", "GET, HEAD").type("text/plain").send("Only GET and HEAD are served here.\n");
    } else next();
  };
}
