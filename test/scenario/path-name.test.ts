import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pathTemplate } from "../../src/scenario/address.ts";

describe("the name of a path", () => {
  it.each([
    ["/api/tasks/17", "/api/tasks/:id"],
    ["/api/tasks/17/notes/3?page=2#top", "/api/tasks/:id/notes/:id"],
    ["http://localhost:8000/api/tasks/17", "/api/tasks/:id"],
    ["https://host", "/"],
    ["/", "/"],
    ["/0190f8a2-7c3e-7b1a-9f00-0123456789ab", "/:id"],
    ["/0190F8A2-7C3E-7B1A-9F00-0123456789AB/", "/:id/"],
    ["/o/507f1f77bcf86cd799439011", "/o/:id"],
    ["/u/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/u/:id"],
    ["/blob/da39a3ee5e6b4b0d3255bfef95601890afd80709", "/blob/:id"],
    ["/orders/:order.id/items", "/orders/:order.id/items"],
    // Words and versions are none.
    ["/api/v1/decade/facade", "/api/v1/decade/facade"],
    ["/feed/deadbeef", "/feed/deadbeef"],
    ["/2fa/app.v2.js", "/2fa/app.v2.js"],
    ["/internationalizations", "/internationalizations"],
  ])("%s is %s", (url, name) => {
    expect(pathTemplate(url)).toBe(name);
  });

  it("is the same for all ids", () => {
    const ids = fc.oneof(fc.nat().map(String), fc.uuid(), fc.ulid());
    fc.assert(
      fc.property(ids, (id) => {
        expect(pathTemplate(`/api/tasks/${id}/notes`)).toBe("/api/tasks/:id/notes");
      }),
    );
  });
});
