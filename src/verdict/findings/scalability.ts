import { linearRegression, rSquared } from "simple-statistics";

/** Throughput against load. */
export interface Sample {
  n: number;
  throughput: number;
}

/** X(N) = lambda·N / (1 + sigma·(N − 1) + kappa·N·(N − 1)). */
export interface Scalability {
  /** What one alone would do. */
  lambda: number;
  /** Contention: the share that can only be done one at a time. */
  sigma: number;
  /** Coherency: what each costs all the others. */
  kappa: number;
  /** How much of the throughput's variance it explains. */
  r2: number;
  /** Where throughput is most; absent where that lies beyond what was loaded: it is never extrapolated. */
  peak?: Sample;
}

const FEWEST = 5;

/**
 * The Universal Scalability Law by least squares on its form N / X = a + b·(N − 1) + c·N·(N − 1), with sigma and kappa
 * not below 0; undefined with fewer than five different loads. Source: Gunther, "Guerrilla Capacity Planning" (2007),
 * chapters 4 to 6.
 */
export function scalabilityOf(samples: readonly Sample[]): Scalability | undefined {
  const usable = samples.filter(({ n, throughput }) => n > 0 && throughput > 0);
  if (new Set(usable.map(({ n }) => n.toPrecision(3))).size < FEWEST) return undefined;
  const [a, b, c] = coefficients(usable);
  if (!(a > 0)) return undefined;
  const [lambda, sigma, kappa] = [1 / a, b / a, c / a];
  const law = (n: number) => (lambda * n) / (1 + sigma * (n - 1) + kappa * n * (n - 1));
  const r2 = rSquared(
    usable.map(({ n, throughput }) => [n, throughput]),
    law,
  );
  const most = Math.max(...usable.map(({ n }) => n));
  const n = kappa > 0 ? Math.sqrt(Math.max(0, 1 - sigma) / kappa) : Number.POSITIVE_INFINITY;
  return { lambda, sigma, kappa, r2, ...(n <= most && n >= 1 ? { peak: { n, throughput: law(n) } } : {}) };
}

/** Least squares for N / X; a coefficient that would be negative is 0, and the others are fitted without it. */
function coefficients(samples: readonly Sample[]): [a: number, b: number, c: number] {
  const rows = samples.map(({ n, throughput }) => ({ u: n - 1, v: n * (n - 1), y: n / throughput }));
  const [a, b, c] = solve(rows);
  if (b >= 0 && c >= 0) return [a, b, c];
  const line = (of: "u" | "v") => linearRegression(rows.map((row) => [row[of], row.y]));
  const [u, v] = [line("u"), line("v")];
  const error = ([p, q, r]: [number, number, number]) =>
    rows.reduce((sum, row) => sum + (row.y - p - q * row.u - r * row.v) ** 2, 0);
  const level = rows.reduce((sum, { y }) => sum + y, 0) / rows.length;
  const fits: [number, number, number][] = [[level, 0, 0]];
  if (u.m >= 0) fits.push([u.b, u.m, 0]);
  if (v.m >= 0) fits.push([v.b, 0, v.m]);
  return fits.reduce((best, one) => (error(one) < error(best) ? one : best));
}

/** The normal equations of y = a + b·u + c·v, by Cramer's rule. */
function solve(rows: readonly { u: number; v: number; y: number }[]): [number, number, number] {
  const sum = (of: (row: { u: number; v: number; y: number }) => number) => rows.reduce((s, row) => s + of(row), 0);
  const n = rows.length;
  const [u, v, uu, uv, vv] = [
    sum((r) => r.u),
    sum((r) => r.v),
    sum((r) => r.u ** 2),
    sum((r) => r.u * r.v),
    sum((r) => r.v ** 2),
  ];
  const [y, uy, vy] = [sum((r) => r.y), sum((r) => r.u * r.y), sum((r) => r.v * r.y)];
  const whole = det(n, u, v, u, uu, uv, v, uv, vv);
  if (whole === 0) return [Number.NaN, -1, -1];
  return [
    det(y, u, v, uy, uu, uv, vy, uv, vv) / whole,
    det(n, y, v, u, uy, uv, v, vy, vv) / whole,
    det(n, u, y, u, uu, uy, v, uv, vy) / whole,
  ];
}

function det(
  a: number,
  b: number,
  c: number,
  d: number,
  e: number,
  f: number,
  g: number,
  h: number,
  i: number,
): number {
  return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
}
