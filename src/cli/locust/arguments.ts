import { didYouMean, readCommandLine } from "./command-line.ts";
import { type ConfigLine, readConfig } from "./config.ts";
import { type FlagName, type LocustFlag, locustFlags, variableOf } from "./flags.ts";

/** What a flag was given, and where: in words for people, empty for the command line. */
interface Given {
  values: string[];
  place: string;
}

/** Where flags come from beside the command line. */
export interface Surroundings {
  environment: Record<string, string | undefined>;
  /** Read in this order, what is there; `--config` comes after them. */
  configFiles: readonly string[];
}

/** The flags and user classes of one call, wherever they were written; and all that is wrong with them. */
export class LocustArguments {
  readonly problems: string[] = [];
  readonly #given = new Map<string, Given>();
  #classes: string[] = [];

  /** Configuration files first, then variables, then the command line: what comes later wins. */
  constructor(argv: readonly string[], { environment, configFiles }: Surroundings) {
    const line = readCommandLine(argv);
    for (const path of configFiles) this.#takeConfig(path, "if there is one");
    const asked = line.given.get("--config")?.[0];
    if (asked !== undefined) this.#takeConfig(asked, "has to be there");
    this.#takeVariables(environment);
    for (const [long, values] of line.given) this.#given.set(long, { values, place: "" });
    if (line.classes.length > 0) this.#classes = line.classes;
    this.problems.push(...line.problems);
    this.#refuse();
  }

  get classes(): readonly string[] {
    return this.#classes;
  }

  has(name: FlagName): boolean {
    const given = this.#given.get(`--${name}`);
    if (given === undefined) return false;
    const [value = "true"] = given.values;
    if (/^(true|yes|on|1)$/i.test(value)) return true;
    if (/^(false|no|off|0)$/i.test(value)) return false;
    this.#report(name, given.place, `expected true or false, got ${JSON.stringify(value)}`);
    return false;
  }

  text(name: FlagName): string | undefined {
    const text = this.#given.get(`--${name}`)?.values.at(-1);
    return text === "" ? undefined : text;
  }

  list(name: FlagName): string[] {
    return this.#given.get(`--${name}`)?.values ?? [];
  }

  /** A value as `read` makes it; what it throws is the problem. */
  read<T>(name: FlagName, read: (text: string) => T): T | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    try {
      return read(text);
    } catch (error) {
      const why = `${(error as Error).message.replace(/\.$/, "").replace(/^E/, "e")}, got ${JSON.stringify(text)}`;
      this.#report(name, this.#given.get(`--${name}`)?.place ?? "", why);
      return undefined;
    }
  }

  #report(name: string, place: string, why: string): void {
    this.problems.push(`${place === "" ? "" : `${place}: `}--${name}: ${why}`);
  }

  #takeConfig(path: string, when: "if there is one" | "has to be there"): void {
    const config = readConfig(path);
    if (config === undefined) {
      if (when === "has to be there") this.problems.push(`--config: there is no file ${path}`);
      return;
    }
    this.problems.push(...config.problems);
    for (const line of config.lines) this.#takeConfigLine(line);
  }

  #takeConfigLine({ key, values, place }: ConfigLine): void {
    if (key === "user-classes" || key === "user_classes") {
      this.#classes = values.flatMap(words);
      return;
    }
    const flag = locustFlags.find(({ long }) => long === `--${key}`);
    if (flag === undefined) {
      const names = locustFlags.map(({ long }) => long.slice(2));
      this.problems.push(`${place}: there is no flag ${key}.${didYouMean(key, names)}`);
    } else if (flag.typed) {
      this.problems.push(`${place}: ${flag.long} counts on the command line alone: take it out of the file.`);
    } else if (!isOff(flag, values)) {
      this.#given.set(flag.long, { values, place });
    } else this.#given.delete(flag.long);
  }

  /** `PLIMSOLL_X` wins over `LOCUST_X`. */
  #takeVariables(environment: Surroundings["environment"]): void {
    for (const prefix of ["LOCUST_", "PLIMSOLL_"]) {
      for (const flag of locustFlags) {
        const own = variableOf(flag);
        if (own === undefined || (flag.group === "own" && prefix === "LOCUST_")) continue;
        const text = environment[prefix + own];
        if (text === undefined || text === "") continue;
        const values = flag.many && !text.includes("{") ? words(text) : [text];
        if (isOff(flag, values)) this.#given.delete(flag.long);
        else this.#given.set(flag.long, { values, place: prefix + own });
      }
      const classes = words(environment[`${prefix}USER_CLASSES`] ?? "");
      if (classes.length > 0) this.#classes = classes;
    }
  }

  /** One sentence for each thing to do instead. */
  #refuse(): void {
    const refused = locustFlags.filter(({ long, refused: no }) => no && this.#given.has(long));
    for (const meaning of new Set(refused.map((flag) => flag.meaning))) {
      const flags = refused.filter((flag) => flag.meaning === meaning);
      const names = flags.map(({ long }) => {
        const place = this.#given.get(long)?.place;
        return place ? `${long} (${place})` : long;
      });
      this.problems.push(`${names.join(", ")}: ${meaning}.`);
    }
  }
}

/** A switch that a file or a variable turns off. */
function isOff({ argument }: LocustFlag, values: string[]): boolean {
  return argument === undefined && /^(false|no|off|0)$/i.test(values[0] ?? "");
}

function words(text: string): string[] {
  return text
    .replace(/^\[(.*)\]$/, "$1")
    .split(/[\s,]+/)
    .filter((word) => word !== "");
}
