import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { program } from "../../src/cli/program.ts";
import { plimsoll } from "./in-process.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "plimsoll-init-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

/** With somebody at the keyboard who gives these answers. */
async function answered(file: string, answers: string[]) {
  let said = "";
  const asked: string[] = [];
  const output = { write: (text: string) => (said += text) };
  const code = await program({
    argv: ["init", file],
    environment: {},
    stdout: output,
    stderr: output,
    onSignal: () => () => {},
    ask: async (question) => {
      asked.push(question);
      return answers[asked.length - 1] ?? "";
    },
    wallClock: () => 0,
  });
  return { code, said, asked };
}

it.each([
  [[], "http://localhost:8000", "/api/items"],
  [["https://shop.example.org", "web"], "https://shop.example.org", "/search"],
  [["", "chat"], "http://localhost:8000", "/api/chat"],
  [["http://127.0.0.1:1234", "/products?page=1"], "http://127.0.0.1:1234", "/products?page=1"],
])("asks two questions and writes what check accepts: %j", async (answers, host, path) => {
  const file = join(folder(), "first.yaml");
  const { code, asked, said } = await answered(file, answers);
  expect([code, asked.length], said).toEqual([0, 2]);
  const checked = await plimsoll(["check", file]);
  expect(checked.code, checked.stderr).toBe(0);
  expect(checked.stdout).toContain(path);
  expect(checked.stdout).toContain(new URL(host).host);
  expect(readFileSync(file, "utf8")).toMatch(/^# /);
});

it("asks nothing with --yes, nor where nobody is there", async () => {
  const file = join(folder(), "first.yaml");
  expect((await plimsoll(["init", file, "--yes", "--kind", "web"])).code).toBe(0);
  expect(readFileSync(file, "utf8")).toContain("/search");
  expect((await plimsoll(["init", join(folder(), "second.yaml")])).code).toBe(0);
});

it("leaves a file that is there as it is", async () => {
  const file = join(folder(), "mine.yaml");
  writeFileSync(file, "mine");
  const { code, stderr } = await plimsoll(["init", file, "--yes"]);
  expect([code, stderr]).toEqual([104, expect.stringContaining("left as it is")]);
  expect(readFileSync(file, "utf8")).toBe("mine");
});

it.each([
  [["localhost:8000"], /Expected a service such as/],
  [["http://a b"], /Expected a service such as/],
  [["", "graphql"], /api, web, chat, or a path/],
])("says what an answer should be: %j", async (answers, says) => {
  const { code, said } = await answered(join(folder(), "first.yaml"), answers);
  expect([code, said]).toEqual([104, expect.stringMatching(says)]);
});
