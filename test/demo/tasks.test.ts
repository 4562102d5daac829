import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { maxTasks, type Status, statuses, type Task, TaskTable } from "../../src/demo/tasks.ts";

type Change = { kind: "create"; title: string } | { kind: "setStatus"; id: number; status: Status };

const status = fc.constantFrom(...statuses);
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant("create" as const), title: fc.string() }),
  fc.record({ kind: fc.constant("setStatus" as const), id: fc.integer({ min: 0, max: 20 }), status }),
);

describe("the table of tasks", () => {
  it("agrees with a plain list of tasks", () => {
    fc.assert(
      fc.property(fc.nat(5), fc.array(change), fc.nat(10), fc.option(status), (count, changes, limit, wanted) => {
        const table = new TaskTable(count);
        const model: Task[] = table.list(count).items.reverse();
        for (const one of changes) {
          if (one.kind === "create") model.push(table.create(one.title));
          else {
            const row = model.find(({ id }) => id === one.id);
            expect(table.setStatus(one.id, one.status) !== undefined).toBe(row !== undefined);
            if (row !== undefined) model.splice(model.indexOf(row), 1, { ...row, status: one.status });
          }
        }
        const matching = model.filter((task) => wanted === null || task.status === wanted).reverse();
        expect(table.list(limit, wanted ?? undefined)).toEqual({
          items: matching.slice(0, limit),
          total: matching.length,
        });
        expect(table.statistics().total).toBe(model.length);
        for (const task of model) expect(table.get(task.id)).toEqual(task);
      }),
    );
  });

  it("makes room for a new task by dropping the oldest", () => {
    const table = new TaskTable(maxTasks);
    const { id } = table.create("one more");
    expect(id).toBe(maxTasks + 1);
    expect(table.get(1)).toBeUndefined();
    const { total, byStatus } = table.statistics();
    expect(total).toBe(maxTasks);
    expect(byStatus.pending + byStatus.in_progress + byStatus.completed).toBe(maxTasks);
  });
});
