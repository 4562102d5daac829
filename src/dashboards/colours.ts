/**
 * Who a series is about can be told by its colour in every panel: the client's are blue and orange, the server's green and
 * grey. Names are Grafana's, so that they fit its light and dark themes.
 */
export const client = {
  main: "blue",
  light: "light-blue",
  strong: "dark-blue",
  alarm: "orange",
  strain: "dark-orange",
};
export const server = { main: "green", strong: "dark-green", quiet: "#8e8e8e" };

/** Limits of the plan, by level; both sides' panels have them. */
export const limit = { target: "yellow", critical: "red" };
/** Something is broken or down. */
export const broken = "red";
/** Moments of the run: stage marks. */
export const mark = "purple";
