/**
 * Two windows in which the error budget must burn too fast at the same time: the long one says that it matters, the short
 * one that it still goes on. The factor is against the pace that would use up the budget exactly at the end of the period.
 */
export interface Burn {
  long: string;
  short: string;
  factor: number;
}

export interface Windows {
  /** The period that the error budget is for. */
  days: number;
  page: Burn[];
  ticket: Burn[];
}

/**
 * By how long the load goes on. A test of minutes has no windows of days; one of 30 days is what Google's SRE workbook says
 * in "Alerting on SLOs" (page at 2 % and 5 % of the budget, ticket at 10 %).
 */
export const windows = {
  test: {
    days: 1,
    page: [{ long: "5m", short: "1m", factor: 14.4 }],
    ticket: [{ long: "30m", short: "5m", factor: 6 }],
  },
  soak: {
    days: 7,
    page: [{ long: "30m", short: "2m", factor: 14.4 }],
    ticket: [{ long: "1h", short: "5m", factor: 6 }],
  },
  production: {
    days: 30,
    page: [
      { long: "1h", short: "5m", factor: 14.4 },
      { long: "6h", short: "30m", factor: 6 },
    ],
    ticket: [
      { long: "1d", short: "2h", factor: 3 },
      { long: "3d", short: "6h", factor: 1 },
    ],
  },
} as const satisfies Record<string, Windows>;

const seconds: Record<string, number> = { m: 60, h: 3600, d: 86_400 };

function lengthOf(window: string): number {
  return Number.parseInt(window, 10) * (seconds[window.slice(-1)] ?? Number.NaN);
}

/** All that a profile looks at, from the shortest. */
export function allWindows({ page, ticket }: Windows): string[] {
  const named = [...page, ...ticket].flatMap(({ long, short }) => [long, short]);
  return [...new Set(named)].toSorted((a, b) => lengthOf(a) - lengthOf(b));
}
