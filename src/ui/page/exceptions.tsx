import { count, runTime } from "../../metrics/units.ts";
import type { Standing } from "../../runs/standing.ts";
import { Fold } from "./section.tsx";
import { type Column, Table } from "./table.tsx";

type Exception = Standing["exceptions"][number];

const columns: Column<Exception>[] = [
  { title: "Times", by: (one) => one.count, cell: (one) => count(one.count) },
  {
    title: "Task",
    words: true,
    by: ({ task }) => task,
    cell: ({ user, task }) => [task, " ", <small key="user">{user}</small>],
  },
  {
    title: "Message",
    words: true,
    by: ({ message }) => message,
    cell: ({ message, traceback }) =>
      traceback === "" ? (
        message
      ) : (
        <Fold title={message}>
          <pre>{traceback}</pre>
        </Fold>
      ),
  },
  { title: "First", by: ({ first }) => first, cell: ({ first }) => runTime(first * 1000) },
  { title: "Last", by: ({ last }) => last, cell: ({ last }) => runTime(last * 1000) },
];

/** What ended iterations and was no failed request: mistakes of the scenario's own code, mostly. */
export function Exceptions({ standing }: { standing: Standing }) {
  return (
    <Table
      caption="Exceptions"
      columns={columns}
      rows={standing.exceptions}
      keyOf={({ user, task, message }) => JSON.stringify([user, task, message])}
      empty="No task was ended by one."
    />
  );
}
