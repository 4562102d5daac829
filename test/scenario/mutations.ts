import fc from "fast-check";
import { expect } from "vitest";
import { makePlan } from "../../src/scenario/make-plan.ts";
import { readScenario } from "../../src/scenario/parse.ts";
import { describeProblems } from "../../src/scenario/problem.ts";
import { mappingProblems } from "../../src/target/mapping-problems.ts";
import { badFiles, environment, goodFiles } from "./files.ts";

const texts = [...goodFiles, ...badFiles].map(({ text }) => text);
const lines = texts.flatMap((text) => text.split("\n"));
const words = [...new Set(texts.flatMap((text) => text.match(/[\w.$-]+|\S/g) ?? []))];
const marks = [
  "{{",
  "}}",
  "${",
  "$${",
  "}",
  "{",
  "[",
  "]",
  "*a",
  "&a ",
  "<<: *a",
  "!",
  ">",
  ">5",
  "|",
  "'",
  '"',
  "\\",
  "#",
];
const others = [
  "\t",
  "\u0000",
  "\uFEFF",
  "\ud800",
  "😀",
  "\r",
  "---\n",
  "? ",
  "- ",
  ": ",
  "__proto__: ",
  "99999999999999999999",
];

type Mutation = (text: string) => string;

/** A place in a text, as a share of its length: shrinking works whatever the text. */
const place = fc.double({ min: 0, max: 1, noNaN: true });
const at = (text: string, share: number) => Math.floor(share * text.length);

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(place, fc.constantFrom(...words, ...marks, ...others)).map(
    ([share, piece]): Mutation =>
      (text) =>
        text.slice(0, at(text, share)) + piece + text.slice(at(text, share)),
  ),
  fc.tuple(place, fc.integer({ min: 1, max: 20 })).map(
    ([share, length]): Mutation =>
      (text) =>
        text.slice(0, at(text, share)) + text.slice(at(text, share) + length),
  ),
  fc.tuple(place, fc.constantFrom(...words)).map(
    ([share, word]): Mutation =>
      (text) =>
        text.slice(0, at(text, share)) + text.slice(at(text, share)).replace(/[\w.$-]+/, () => word),
  ),
  fc.tuple(place, fc.constantFrom(...lines), fc.nat(8)).map(
    ([share, line, indent]): Mutation =>
      (text) => {
        const all = text.split("\n");
        all.splice(at(all.join(" ").slice(0, all.length), share), 0, " ".repeat(indent) + line);
        return all.join("\n");
      },
  ),
  fc.tuple(place, place).map(
    ([from, to]): Mutation =>
      (text) => {
        const all = text.split("\n");
        const [line = ""] = all.splice(Math.floor(from * (all.length - 1)), 1);
        all.splice(Math.floor(to * all.length), 0, line);
        return all.join("\n");
      },
  ),
  place.map(
    (share): Mutation =>
      (text) =>
        text.slice(0, at(text, share)),
  ),
);

/**
 * What mutates is either a scenario or has problems inside the file, never an exception; it is read within a second and
 * tells no secret. fast-check prints the seed of what fails.
 */
export function checkMutations(numRuns: number): void {
  fc.assert(
    fc.property(
      fc.constantFrom(...goodFiles),
      fc.array(mutation, { minLength: 1, maxLength: 4 }),
      (file, mutations) => {
        const text = mutations.reduce((so, mutate) => mutate(so), file.text);
        const before = process.threadCpuUsage();
        const read = readScenario(file.name, text, environment, mappingProblems);
        const { user, system } = process.threadCpuUsage(before);
        // Of this thread's own time: how busy the machine is does not count.
        expect(user + system, text).toBeLessThan(1e6);
        if ("scenario" in read) {
          const made = makePlan(read.scenario, { seed: 1, suffix: "0", startedAt: 0, version: "0", users: 1 });
          expect(JSON.stringify([read, made])).not.toContain("canary");
          for (const { steps } of read.scenario.classes.flatMap(({ tasks }) => tasks)) {
            expect(steps.length).toBeGreaterThan(0);
          }
          return;
        }
        expect(read.problems.length).toBeGreaterThan(0);
        const split = text.replace(/^\uFEFF/, "").split("\n");
        for (const { line, column } of read.problems) {
          expect(line).toBeGreaterThanOrEqual(1);
          expect(line).toBeLessThanOrEqual(split.length);
          expect(column).toBeGreaterThanOrEqual(1);
          expect(column).toBeLessThanOrEqual((split[line - 1]?.length ?? 0) + 1);
        }
        const shown = describeProblems(file.name, text, read.problems);
        expect(shown).toContain(`${file.name}:${read.problems[0]?.line}:${read.problems[0]?.column}: `);
        expect(shown).not.toMatch(/canary|undefined|\[object Object\]/);
      },
    ),
    { numRuns },
  );
}
