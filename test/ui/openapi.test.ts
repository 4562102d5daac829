import { describe, expect, it } from "vitest";
import { application } from "../../src/ui/application.ts";
import { Live } from "../../src/ui/live.ts";
import { openApi } from "../../src/ui/openapi.ts";
import { Scrapers } from "../../src/ui/scrapers.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { apiSources } from "./api-sources.ts";
import { Recorder } from "./recorder.ts";

/** `get /api/v1/runs/{id}` of every route that Express has; what a browser alone asks for is the page's. */
function routes(): string[] {
  const sources = apiSources();
  const clock = new VirtualClock();
  const options = {
    ...sources,
    metrics: async () => ({ contentType: "text/plain", body: "" }),
    title: () => "",
    control: new Recorder(),
    clock,
    onError: () => undefined,
  };
  const app = application(options, "127.0.0.1", new Scrapers(clock), new Live(sources.viewed));
  const ofThePage = /^(\/|\/assets\/.*|\/login)$/;
  return app.router.stack.flatMap(({ route }) => {
    if (route === undefined || ofThePage.test(route.path)) return [];
    const methods = new Set(route.stack.map(({ method }) => method));
    return [...methods].map((method) => `${method} ${route.path.replace(/:(\w+)/g, "{$1}")}`);
  });
}

describe("the API's description", () => {
  it("has each route that is served, and no other", () => {
    const described = Object.entries(openApi.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method} ${path}`),
    );
    expect(described.length).toBeGreaterThan(30);
    expect(described.toSorted()).toEqual(routes().toSorted());
  });

  it("says what each takes and gives", () => {
    for (const [path, item] of Object.entries(openApi.paths)) {
      for (const [method, operation] of Object.entries(item) as [string, { summary: string; responses: object }][]) {
        expect(operation.summary, `${method} ${path}`).toMatch(/\w/);
        expect(Object.keys(operation.responses)[0], `${method} ${path}`).toMatch(/^20[04]$/);
      }
      const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const item_ = item as { get?: { parameters?: readonly { name: string; in: string }[] } };
      const declared = (item_.get?.parameters ?? []).filter((one) => one.in === "path").map(({ name }) => name);
      expect(declared, path).toEqual(names);
    }
  });
});
