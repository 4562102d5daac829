import { expect, it } from "vitest";
import { Cookies } from "../../src/client/cookies.ts";

it("keeps the cookies that were set last when a target sets ever new ones, and those it sets again", () => {
  const cookies = new Cookies();
  const url = "http://target.test/";
  for (let i = 0; i < 5_000; i++) cookies.store([`seen${i}=1`, "session=abc"], url);
  const names = cookies.header(url).split("; ");
  expect(names).toContain("seen4999=1");
  expect(names).toContain("session=abc");
  expect(names).not.toContain("seen0=1");
  // Twice as many at most: they are counted now and then.
  expect(names.length).toBeLessThanOrEqual(600);
});
