import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "bombs-"));
afterAll(() => rmSync(folder, { recursive: true }));

const levels = Array.from({ length: 12 }, (_, level) => level);
const bombs: [name: string, text: string][] = [
  [
    "a billion laughs",
    levels
      .map(
        (n) =>
          `a${n}: &a${n} [${
            n === 0
              ? "lol"
              : Array(10)
                  .fill(`*a${n - 1}`)
                  .join(", ")
          }]`,
      )
      .join("\n"),
  ],
  [
    "laughs in maps",
    levels
      .map(
        (n) =>
          `a${n}: &a${n} { ${n === 0 ? "x: 1" : [..."abcdefghij"].map((key) => `${key}: *a${n - 1}`).join(", ")} }`,
      )
      .join("\n"),
  ],
  [
    "laughs merged",
    levels
      .map(
        (n) =>
          `a${n}: &a${n} { ${
            n === 0
              ? "x: 1"
              : `<<: [${Array(10)
                  .fill(`*a${n - 1}`)
                  .join(", ")}]`
          } }`,
      )
      .join("\n"),
  ],
  ["a list 10,000 deep", `users: ${"[".repeat(10_000)}${"]".repeat(10_000)}`],
  ["a map 10,000 deep", `users: ${"{ a: ".repeat(10_000)}1${" }".repeat(10_000)}`],
  ["indentation 5,000 deep", Array.from({ length: 5000 }, (_, n) => `${" ".repeat(n)}a:`).join("\n")],
  ["a merge cycle", "a: &a\n  <<: *b\nb: &b\n  <<: *a\nusers: *a"],
  ["an alias of itself", "users: &a [*a, *a]"],
  ["a scalar of 50 MB", `name: ${"x".repeat(50_000_000)}`],
  ["a quoted scalar of 50 MB", `name: "${"\\n".repeat(25_000_000)}"`],
  ["a million keys", `users:\n${Array.from({ length: 1_000_000 }, (_, n) => `  k${n}: 1`).join("\n")}`],
  ["a hundred thousand anchors", `users: [${Array.from({ length: 100_000 }, (_, n) => `&a${n} 1`).join(", ")}]`],
];

describe("a YAML bomb", () => {
  it.each(bombs)("of %s is refused within a second and 200 MB", (name, text) => {
    const path = join(folder, `${name.replaceAll(/\W/g, "-")}.yaml`);
    writeFileSync(path, text);
    const reader = join(import.meta.dirname, "bomb-reader.ts");
    const said = execFileSync(process.execPath, [reader, path], { encoding: "utf8", timeout: 60_000 });
    const { microseconds, kilobytes, codes } = JSON.parse(said) as {
      microseconds: number;
      kilobytes: number;
      codes: string[];
    };
    expect(codes.length).toBeGreaterThan(0);
    // CPU time of a process of its own: how busy the machine is does not count.
    expect(microseconds).toBeLessThan(1e6);
    expect(kilobytes).toBeLessThan(200_000);
  });
});
