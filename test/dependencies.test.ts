import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

interface Manifest {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}
interface Lock {
  packages: Record<string, { dev?: boolean; devOptional?: boolean; optional?: boolean }>;
}

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
const manifest = JSON.parse(read("package.json")) as Manifest;
const names = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });

describe("dependencies", () => {
  it("each have their reason in docs/adr", () => {
    const reasons = read("docs/adr/0007-dependencies.md");
    expect(names.filter((name) => !new RegExp(`(^|[\\s|(])${name}($|[\\s,|)])`, "m").test(reasons))).toEqual([]);
  });

  it("are pinned to exact versions", () => {
    const versions = { ...manifest.dependencies, ...manifest.devDependencies };
    expect(Object.entries(versions).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  it("make a production tree of fewer than 180 packages", () => {
    const { packages } = JSON.parse(read("package-lock.json")) as Lock;
    const production = Object.entries(packages).filter(([path, { dev }]) => path !== "" && dev !== true);
    expect(production.length).toBeGreaterThan(20);
    expect(production.length).toBeLessThan(180);
  });
});
