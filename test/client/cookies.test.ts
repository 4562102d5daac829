import { afterEach, describe, expect, it, vi } from "vitest";
import { Cookies } from "../../src/client/cookies.ts";

const url = "http://target.test/";

it("keeps the cookies that were set last when a target sets ever new ones, and those it sets again", () => {
  const cookies = new Cookies(() => 0);
  for (let i = 0; i < 5_000; i++) cookies.store([`seen${i}=1`, "session=abc"], url);
  const names = cookies.header(url).split("; ");
  expect(names).toContain("seen4999=1");
  expect(names).toContain("session=abc");
  expect(names).not.toContain("seen0=1");
  // Twice as many at most: they are counted now and then.
  expect(names.length).toBeLessThanOrEqual(600);
});

describe("a cookie", () => {
  const start = Date.UTC(2026, 10, 21, 10, 0, 0);
  let now = start;
  const given = (...setCookie: string[]) => {
    now = start;
    const cookies = new Cookies(() => now);
    cookies.store(setCookie, url);
    return cookies;
  };

  afterEach(() => void vi.useRealTimers());

  const lives: [setCookie: string, seconds: number][] = [
    ["a=1; Max-Age=60", 60],
    ["a=1; Expires=Sat, 21 Nov 2026 10:01:30 GMT", 90],
    ["a=1; Max-Age=60; Expires=Sat, 21 Nov 2026 10:01:30 GMT", 60],
    ["a=1; Max-Age=0", 0],
    ["a=1; Max-Age=-5", 0],
    ["a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", 0],
    ["a=1", Number.POSITIVE_INFINITY],
    ["a=1; Max-Age=99999999999999999999", Number.POSITIVE_INFINITY],
    ["a=1; Max-Age=soon", Number.POSITIVE_INFINITY],
  ];
  it.each(lives)("%s lives for %d s after it was set, however often it is used", (setCookie, seconds) => {
    const cookies = given(setCookie);
    for (let second = 0; second < 200; second++) {
      now = start + second * 1000;
      expect(cookies.header(url), `${second} s`).toBe(second < seconds ? "a=1" : "");
    }
  });

  it("set again lives anew, and one that is deleted is gone, also for one that comes back", () => {
    const cookies = given("a=1; Max-Age=60", "b=1");
    now += 50_000;
    cookies.store("a=2; Max-Age=60", url);
    now += 50_000;
    expect(cookies.header(url)).toBe("a=2; b=1");
    cookies.store(["a=; Max-Age=0", "b=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], url);
    expect(cookies.header(url)).toBe("");
    cookies.store("b=3", url);
    expect(cookies.header(url)).toBe("b=3");
  });

  it.each([3600, -3600, -60])("lives as long when the wall clock steps by %d s", (seconds) => {
    vi.useFakeTimers({ toFake: ["Date"], now: start });
    const cookies = given("a=1; Max-Age=60", "b=1; Expires=Sat, 21 Nov 2026 10:01:30 GMT");
    vi.setSystemTime(start + seconds * 1000);
    now = start + 59_000;
    expect(cookies.header(url)).toBe("a=1; b=1");
    now = start + 60_000;
    expect(cookies.header(url)).toBe("b=1");
    now = start + 90_000;
    expect(cookies.header(url)).toBe("");
  });
});
