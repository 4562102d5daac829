import axe, { type AxeResults } from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import { expect } from "vitest";
import { program } from "../services.ts";

/** Where Chromium is; without it the tests of pages are left out. */
export const chromiumPath = program("chromium");

export function launch(): Promise<Browser> {
  const args = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];
  return chromium.launch({ executablePath: chromiumPath ?? "", args });
}

/** A page that is watched: what it logs as an error, throws or asks others for makes its test fail. */
export async function opened(browser: Browser, url: string, options: { reducedTo?: number; scripts?: boolean } = {}) {
  const { reducedTo: width = 1280, scripts = true } = options;
  const context = await browser.newContext({ viewport: { width, height: 900 }, javaScriptEnabled: scripts });
  const page = await context.newPage();
  const wrong: string[] = [];
  const { origin, protocol } = new URL(url);
  const own = (asked: string) =>
    asked.startsWith("data:") || (protocol === "file:" ? asked === url : new URL(asked).origin === origin);
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") wrong.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => wrong.push(`thrown: ${error.message}`));
  page.on("dialog", (dialog) => {
    wrong.push(`dialog: ${dialog.message()}`);
    dialog.dismiss().catch((error: unknown) => wrong.push(String(error)));
  });
  page.on("request", (request) => {
    if (!own(request.url())) wrong.push(`asked ${request.url()}`);
  });
  await page.goto(url);
  return {
    page,
    wrong,
    /** Chromium logs an answer that refuses something as an error: one that was provoked is `expected`. */
    close: async (...expected: RegExp[]) => {
      await context.close();
      expect(wrong.filter((line) => !expected.some((one) => one.test(line)))).toEqual([]);
    },
  };
}

/** What axe finds wrong in both themes, each finding as a line. */
export async function accessibility(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const theme of ["light", "dark"]) {
    const button = page.getByRole("button", { name: theme === "dark" ? "Dark" : "Light", exact: true });
    if (await button.isVisible()) await button.click();
    await page.evaluate(axe.source);
    const { violations } = (await page.evaluate("axe.run()")) as AxeResults;
    for (const { id, nodes } of violations) {
      found.push(
        `${theme}: ${id}: ${nodes
          .slice(0, 3)
          .map(({ html }) => html.slice(0, 160))
          .join(" | ")}`,
      );
    }
  }
  return found;
}
