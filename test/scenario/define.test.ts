import { describe, expect, it } from "vitest";
import { defineScenario, type TaskContext } from "../../src/index.ts";

const context = {} as TaskContext<{ tokens: "counter"; depth: "gauge"; hits: "rate"; first_token_seconds: "trend" }>;

/** Never called: the compiler is what tests it (`npm run lint`). An error that is expected and does not come is one itself. */
function refused(): void {
  defineScenario({ host: "http://h", users: { U: { wait: "1s..3s", tasks: { T: { get: "/" } } } } });
  // @ts-expect-error a misspelt key of a scenario
  defineScenario({ hosts: "http://h" });
  // @ts-expect-error of a user class
  defineScenario({ users: { U: { wheight: 3, tasks: { T: { get: "/" } } } } });
  // @ts-expect-error of a task
  defineScenario({ users: { U: { tasks: { T: { gett: "/" } } } } });
  // @ts-expect-error of a step
  defineScenario({ users: { U: { tasks: { T: { steps: [{ get: "/", expekt: { status: 200 } }] } } } } });
  // @ts-expect-error of a step in a step
  defineScenario({ users: { U: { tasks: { T: { steps: [{ repeat: 2, steps: [{ gett: "/" }] }] } } } } });
  // @ts-expect-error of an expectation
  defineScenario({ users: { U: { tasks: { T: { get: "/", expect: { statuz: 200 } } } } } });
  // @ts-expect-error of a profile
  defineScenario({ profiles: { p: { user: 3 } } });
  // @ts-expect-error a kind of metric that there is none of
  defineScenario({ metrics: { tokens: "sum" } });
  // @ts-expect-error a weight that is no number
  defineScenario({ users: { U: { weight: "3", tasks: { T: { get: "/" } } } } });
  defineScenario({
    metrics: { tokens: "counter", hits: "rate" },
    users: {
      U: {
        start: async ({ capture }) => capture("token", "x"),
        stop: [{ post: "/logout" }, async () => {}],
        tasks: {
          async Pay({ http, check, metrics }) {
            const response = await http.post("/pay", { json: { id: 1 }, expect: { status: [200, 201] } });
            check("is paid", response.json<{ paid: boolean }>().paid);
            metrics.tokens.add(3);
            metrics.hits.add(true);
            // @ts-expect-error a metric that the scenario does not name
            metrics.token.add(3);
            // @ts-expect-error a counter is not set
            metrics.tokens.set(3);
            // @ts-expect-error a method that there is none of
            await http.fetch("/pay");
            // @ts-expect-error a misspelt option
            await http.get("/pay", { expects: { status: 200 } });
            // @ts-expect-error what JSON holds is not known
            response.json().paid;
          },
          Mixed: {
            weight: 2,
            steps: [{ get: "/" }, async ({ think }) => think("1s"), { repeat: 2, steps: [() => {}] }],
          },
        },
      },
    },
  });
  context.metrics.first_token_seconds.add(0.2);
  context.metrics.depth.set(3);
}

describe("defineScenario", () => {
  it("refuses at compile time what a scenario does not have", () => {
    expect(refused).toBeTypeOf("function");
  });

  it("gives back what it is given", () => {
    const scenario = { users: { U: { tasks: { T: { get: "/" } } } } };
    expect(defineScenario(scenario)).toBe(scenario);
  });
});
