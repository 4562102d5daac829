import type { Control, Wanted, WantedLoad } from "../../src/ui/control.ts";

/** Takes what is asked for, and refuses a second start. */
export class Recorder implements Control {
  readonly started: Wanted[] = [];
  readonly scaled: WantedLoad[] = [];
  resets = 0;
  stops = 0;
  running = false;

  choices() {
    const profiles = [{ name: "light", users: 5, spawnRate: null, arrivals: null, durationMs: null }];
    return { scenario: "shop", host: "http://shop", profiles, profile: "light", classes: ["A", "B"], tags: [] };
  }

  start(wanted: Wanted) {
    if (this.running) return { message: "A run is under way." };
    this.started.push(wanted);
    this.running = true;
    return undefined;
  }

  stop() {
    if (!this.running) return { message: "No run is under way." };
    this.stops++;
    this.running = false;
    return undefined;
  }

  scale(load: WantedLoad) {
    this.scaled.push(load);
    return undefined;
  }

  reset() {
    this.resets++;
    return undefined;
  }
}
