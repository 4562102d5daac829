import { InvalidArgumentError } from "commander";

/** `30s`, `5m`, `1h30m`, or seconds as a bare number, as Locust and k6 have it; in milliseconds. */
export function duration(text: string): number {
  const parts = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?$/.exec(text);
  const [hours, minutes, seconds, ms] = (parts ?? []).slice(1).map((part) => Number(part ?? 0));
  const total = /^\d+(\.\d+)?$/.test(text)
    ? Number(text) * 1000
    : ((hours ?? 0) * 3600 + (minutes ?? 0) * 60 + (seconds ?? 0)) * 1000 + (ms ?? 0);
  if (text === "" || !(total > 0)) throw new InvalidArgumentError("Expected a time such as 30s, 5m or 1h30m.");
  return total;
}

export function positiveInteger(text: string): number {
  if (!/^\d+$/.test(text) || Number(text) < 1) throw new InvalidArgumentError("Expected a whole number from 1.");
  return Number(text);
}

/** How many workers: a whole number, or -1 for one a core. */
export function processes(text: string): number {
  return text === "-1" ? -1 : positiveInteger(text);
}

/** `10`, `0.5` or `10/s`. */
export function rate(text: string): number {
  const value = Number(text.replace(/\/s$/, ""));
  if (!(value > 0 && Number.isFinite(value)))
    throw new InvalidArgumentError("Expected users a second, such as 10 or 0.5.");
  return value;
}

/** `127.0.0.1:8089`, `:8089` or `8089`. */
export function listenAddress(text: string): { host: string; port: number } {
  const parts = /^(?:(\[[0-9a-fA-F:.]+\]|[^:]*):)?(\d{1,5})$/.exec(text);
  const port = Number(parts?.[2]);
  if (parts === null || port > 65_535) throw new InvalidArgumentError("Expected an address such as 127.0.0.1:8089.");
  return { host: (parts[1] || "127.0.0.1").replace(/^\[|\]$/g, ""), port };
}

/** Repeated `key=value`. */
export function label(text: string, labels: Record<string, string>): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("Expected key=value.");
  return { ...labels, [text.slice(0, at)]: text.slice(at + 1) };
}
