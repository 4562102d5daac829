import type { GridPos } from "@grafana/grafana-foundation-sdk/dashboard";

/** Places on Grafana's grid of 24 columns. A chart is eight lines high wherever it stands. */
export const chartHeight = 8;

export const left = (y: number): GridPos => ({ x: 0, y, w: 12, h: chartHeight });
export const right = (y: number): GridPos => ({ x: 12, y, w: 12, h: chartHeight });
/** `n` from 0 to 2. */
export const third = (n: number, y: number): GridPos => ({ x: 8 * n, y, w: 8, h: chartHeight });
/** A figure's place in the strip at the top, `n` from 0 to 5. */
export const sixth = (n: number): GridPos => ({ x: 4 * n, y: 0, w: 4, h: 4 });
