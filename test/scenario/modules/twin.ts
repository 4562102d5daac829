import { defineScenario } from "../../../src/index.ts";

/** Says what twin.yaml says. */
export default defineScenario({
  name: "twin",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how scenarios name their environment
  host: "${SHOP_URL:-http://localhost:8000}",
  labels: { team: "platform" },
  metrics: { tokens: "counter" },
  feeds: { accounts: { rows: [{ email: "a@example.com" }, { email: "b@example.com" }], order: "random" } },
  users: {
    Buyer: {
      weight: 3,
      wait: "1s..3s",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how scenarios name their environment
      headers: { authorization: "Bearer {{ token }}", "x-key": "${ADMIN_KEY}" },
      start: [{ post: "/login", json: { email: "{{ accounts.email }}", age: 3 }, capture: { token: "$.token" } }],
      stop: [{ post: "/logout" }],
      tasks: {
        "Look around": { weight: 5, tags: ["read"], get: "/products?limit=20", expect: { status: 200, within: "2s" } },
        Order: {
          steps: [
            { post: "/orders", form: { product: 17 }, expect: { status: [200, 201] }, capture: { ids: "$.ids[*]" } },
            { think: "500ms" },
            // biome-ignore lint/suspicious/noThenProperty: a scenario's word
            { if: "{{ ids == null }}", then: [{ get: "/offers" }], else: [{ get: "/orders/17" }] },
            { foreach: { id: "{{ ids }}" }, steps: [{ get: "/orders/{{ id }}" }] },
            { repeat: 2, steps: [{ group: "both", steps: [{ parallel: [{ get: "/a.js" }, { get: "/b.js" }] }] }] },
          ],
        },
      },
    },
  },
  profiles: {
    light: { users: 10, spawnRate: "5/s", duration: "1m" },
    spike: {
      stages: [
        { users: 10, for: "2m" },
        { users: 100, over: "5s" },
      ],
      thresholds: ["ratio(errors) < 5%"],
    },
  },
  watch: { app: { prometheus: "/metrics" } },
  thresholds: ["p95(latency) target < 500ms critical < 1s", "count(tokens) > 10", "ratio(errors) == 0"],
  traces: { sample: "1%", failed: true },
});
