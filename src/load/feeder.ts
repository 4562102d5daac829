import type { Counter } from "../metrics/aggregator.ts";
import { type FeedTable, rowOf } from "../scenario/feed-table.ts";
import type { Feed, UserClass } from "../scenario/plan.ts";
import type { Scope } from "../scenario/template.ts";
import type { Resume } from "./executor.ts";
import { randomFrom } from "./random.ts";
import { countOf, type UserSequence } from "./share.ts";

/**
 * The number of the row that the n-th taker of a whole run gets, from 0; undefined where a unique feed has none left. Pure
 * arithmetic, so that any number of workers give what one would.
 */
function rowNumber({ name, rows, order }: Pick<Feed, "name" | "rows" | "order">, n: number, seed: number) {
  switch (order) {
    case "sequential":
      return n % rows;
    case "random":
      return Math.floor(randomFrom(seed ^ hash(name), n)() * rows);
    case "unique":
      return n < rows ? n : undefined;
  }
}

/** FNV-1a: two feeds of a run do not draw the same numbers. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (const character of text) h = Math.imul(h ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return h;
}

/** A feed as one load takes from it. */
interface Source {
  feed: Feed;
  table: FeedTable;
  /** Loads that take from one feed at the same time take turns: this is the `index`-th of `of`. */
  index: number;
  of: number;
  /** How many of the first n users, or arrivals, of the load take from it. */
  takersBefore(n: number): number;
  /** How many users of the load take from it at most. */
  takers: number;
  eachIteration: boolean;
}

export interface FeederParts {
  /** The plan's, and their rows. */
  feeds: readonly Feed[];
  tables: readonly FeedTable[];
  /** The classes of each load of the plan, and which of them this one is. */
  loads: readonly { classes: readonly UserClass[] }[];
  load: number;
  sequence: UserSequence;
  /** The most users of the load. */
  users: number;
  model: "users" | "arrivals";
  seed: number;
  /** Turns below this may be taken from now on: a worker that takes this one's place begins with it. */
  reserve(turns: number): void;
  /** Users and iterations that do not start because a feed has no row left. */
  exhausted: Counter;
}

/**
 * Gives the users of one load their rows. The n-th arrival of the load takes the n-th place of those who take from a feed.
 * A user takes that of its number, and where it takes a row each iteration, as many places further each turn as there are
 * users; so nobody needs to ask anybody. What a lost worker may have taken is left out.
 */
export class Feeder {
  readonly #parts: FeederParts;
  /** By the load's classes. */
  readonly #sources: Source[][];
  /** The next turn of a user, by its number: one that comes again goes on where it was. */
  readonly #turns = new Map<number, number>();
  #generation = 0;
  #firstTurn = 0;
  #reserved = 0;

  constructor(parts: FeederParts) {
    this.#parts = parts;
    const { feeds, loads, load } = parts;
    const sources = feeds.map((feed) => this.#source(feed));
    this.#sources = (loads[load]?.classes ?? []).map((one) =>
      sources.filter(({ feed }) => one.feeds?.includes(feed.name)),
    );
  }

  /** Takes the place of a worker that was lost. */
  resume({ generation, turns }: Resume): void {
    this.#generation = generation;
    this.#firstTurn = turns;
    this.#reserved = turns;
  }

  /** What the user asks before each iteration: false if a feed has no row left for it. Undefined if it takes from none. */
  user(number: number, index: number, { variables }: Scope): (() => boolean) | undefined {
    const sources = this.#sources[index] ?? [];
    if (sources.length === 0) return undefined;
    let begun = false;
    return () => {
      const turn = this.#turns.get(number) ?? this.#firstTurn;
      const now = begun ? sources.filter(({ eachIteration }) => eachIteration) : sources;
      if (now.some(({ eachIteration }) => eachIteration)) this.#takeTurn(number, turn);
      begun = this.#all(now, (source) => {
        const place = source.takersBefore(number);
        // More users than the plan has: they would take what others get at their next turn.
        if (source.feed.order === "unique" && place >= source.takers) return false;
        const places = source.eachIteration ? turn : this.#generation;
        return this.#give(source, places * source.takers + place, variables);
      });
      return begun;
    };
  }

  /** Gives a user of the pool what the n-th arrival has; false if a feed has no row left for it. */
  arrive(n: number, index: number, { variables }: Scope): boolean {
    return this.#all(this.#sources[index] ?? [], (source) => {
      const keepsIts = !source.eachIteration && variables.has(source.feed.name);
      return keepsIts || this.#give(source, source.takersBefore(n), variables);
    });
  }

  #all(sources: readonly Source[], take: (source: Source) => boolean): boolean {
    const taken = sources.every(take);
    if (!taken) this.#parts.exhausted.add(1);
    return taken;
  }

  #give({ feed, table, index, of }: Source, place: number, variables: Scope["variables"]): boolean {
    const row = rowNumber(feed, place * of + index, this.#parts.seed);
    if (row === undefined) return false;
    variables.set(feed.name, rowOf(table, row));
    return true;
  }

  /** What a worker may have taken when it is lost must be known before: an eighth ahead, so that it is told seldom. */
  #takeTurn(number: number, turn: number): void {
    this.#turns.set(number, turn + 1);
    if (turn < this.#reserved) return;
    this.#reserved = turn + 1 + Math.floor(turn / 8);
    this.#parts.reserve(this.#reserved);
  }

  #source(feed: Feed): Source {
    const { tables, loads, load, sequence, users, model } = this.#parts;
    const table = tables.find((one) => one.feed === feed.name);
    if (table === undefined) throw new Error(`the rows of the feed ${feed.name} did not come with the plan`);
    const takes = (one: UserClass | undefined) => one?.feeds?.includes(feed.name) === true;
    const taking = [...loads.keys()].filter((i) => loads[i]?.classes.some(takes));
    const takersBefore = countOf(sequence, (index) => takes(loads[load]?.classes[index]));
    return {
      feed,
      table,
      index: taking.indexOf(load),
      of: taking.length,
      takersBefore,
      takers: takersBefore(users),
      eachIteration: feed.each === "iteration" || (feed.each === undefined && model === "arrivals"),
    };
  }
}
