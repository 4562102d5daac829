import { type LookupAddress, lookup as systemLookup } from "node:dns";
import { closeSync, openSync } from "node:fs";
import type { LookupFunction } from "node:net";
import { devNull } from "node:os";
import type { Clock } from "../metrics/clock.ts";

/** How long an answer of the resolver is used: a service that moves is followed, and no request waits for DNS. */
const KEEP_MS = 30_000;
/** Answers kept: hosts that come out of captures or redirects may be without number. */
const MOST_HOSTS = 1_000;

/**
 * `dns.lookup` runs on four threads that all of the process shares, and asks anew each time: thousands of users
 * connecting would measure that queue. One question a host at a time, its answer kept.
 */
export function cachedLookup(clock: Clock): LookupFunction {
  const known = new Map<string, { addresses: LookupAddress[]; until: number }>();
  const asking = new Map<string, ((error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void)[]>();

  function resolve(
    host: string,
    done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
  ): void {
    const cached = known.get(host);
    if (cached !== undefined && cached.until > clock.now()) {
      process.nextTick(done, null, cached.addresses);
      return;
    }
    const waiting = asking.get(host);
    if (waiting !== undefined) {
      waiting.push(done);
      return;
    }
    asking.set(host, [done]);
    systemLookup(host, { all: true }, (error, addresses) => {
      if (known.size >= MOST_HOSTS) known.clear();
      if (error === null) known.set(host, { addresses, until: clock.now() + KEEP_MS });
      const all = asking.get(host) ?? [];
      asking.delete(host);
      const reason = error === null ? null : (outOfDescriptors() ?? error);
      for (const one of all) one(reason, addresses);
    });
  }

  return (host, options, callback) => {
    resolve(host, (error, addresses) => {
      const family = options.family === 4 || options.family === 6 ? options.family : undefined;
      const fitting = family === undefined ? addresses : (addresses ?? []).filter((one) => one.family === family);
      const first = fitting?.[0];
      if (error !== null) callback(error, "", 0);
      else if (first === undefined)
        callback(Object.assign(new Error(`no address of ${host}`), { code: "ENOTFOUND" }), "", 0);
      else if (options.all === true) callback(null, fitting);
      else callback(null, first.address, first.family);
    });
  };
}

/** A resolver that has no descriptor left to read its files by says that there is no such host: what opening one says. */
function outOfDescriptors(): NodeJS.ErrnoException | undefined {
  try {
    closeSync(openSync(devNull, "r"));
    return undefined;
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
}
