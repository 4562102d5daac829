/** What the page may ask for. It runs in a browser too: types alone. */

/** What the start form offers: the scenario's own words. */
export interface Choices {
  scenario: string;
  host: string;
  profiles: {
    name: string;
    users: number | null;
    spawnRate: number | null;
    /** Iterations a second; null where the profile has no one rate of them. */
    arrivals: number | null;
    durationMs: number | null;
  }[];
  /** The profile that the form begins with. */
  profile: string;
  classes: string[];
  tags: string[];
}

/** What one start asks for; what is left out is the command line's, or the profile's. */
export interface Wanted {
  profile?: string;
  host?: string;
  users?: number;
  spawnRate?: number;
  /** Iterations started a second, where the profile has one rate of them. */
  arrivals?: number;
  durationMs?: number;
  classes?: readonly string[];
  tags?: readonly string[];
}

/** Why something cannot be done, as a sentence; undefined: it is done. */
export type Refusal = { message: string } | undefined;

/** Whoever starts and stops runs. */
export interface Control {
  /** Undefined where the run was started from the command line and there will be no other. */
  choices(): Choices | undefined;
  readonly running: boolean;
  start(wanted: Wanted): Refusal;
  stop(): Refusal;
  /** Changes the load of the run under way. */
  scale(load: WantedLoad): Refusal;
  /** Figures that are shown count from now on. The run's record, its verdict among it, keeps everything. */
  reset(): Refusal;
}

/** So many users, begun or ended so many a second; or so many arrivals a second. */
export type WantedLoad = { kind: "users"; users: number; spawnRate?: number } | { kind: "arrivals"; perSecond: number };
