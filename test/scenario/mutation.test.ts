import { describe, it } from "vitest";
import { checkMutations } from "./mutations.ts";

describe("a mutated scenario", () => {
  it("is a scenario or problems inside the file, never an exception, and tells no secret", () => checkMutations(300));
});
