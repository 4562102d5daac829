import { Arrivals } from "../../src/load/arrival.ts";

/** All of a load's arrivals, in milliseconds from its start. */
export function arrivals(...[stages, spacing, seed]: ConstructorParameters<typeof Arrivals>): number[] {
  const walked = new Arrivals(stages, spacing, seed);
  const times: number[] = [];
  for (let time = walked.time; time !== undefined; time = walked.time) {
    times.push(time);
    walked.advance();
  }
  return times;
}
