import { defineScenario } from "../../../src/index.ts";

const wait = "1 second";

export default defineScenario({
  host: "localhost:8000",
  users: {
    Buyer: {
      wait,
      headers: { "x-shop": "berlin" },
      tasks: {
        Look: { get: "/{{ product }}" },
        Pay: async ({ http }) => {
          await http.post("/pay", { headers: { "x-shop": "rome" } });
        },
        Order: { steps: [{ post: "/orders", json: { product: 17 } }, { think: "5" }] },
      },
    },
  },
  thresholds: ["p95(latncy) < 1s"],
});
