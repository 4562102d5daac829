import { describe, it } from "vitest";
import { checkMutations } from "./mutations.ts";

describe("ten thousand mutated scenarios", () => {
  it("are scenarios or problems inside the file, each read within a second", () => checkMutations(10_000), 300_000);
});
