import { SnapshotSum } from "../../src/metrics/snapshot.ts";
import { RunFile } from "../../src/runs/run-file.ts";
import { ExampleWorker, observation, plan } from "./example-run.ts";

/**
 * A process that writes a run as fast as it can until it is killed, or has made TICKS ticks: `node writer.ts PATH [TICKS]`. It says on its standard
 * output, one line each, how many requests it has made, before it counts them, and how many the file must have, after.
 */
const [path = "", ticks = "2000"] = process.argv.slice(2);
const runFile = new RunFile(path, (message) => process.stdout.write(`trouble ${message}\n`));
runFile.start(plan);
const workers = [new ExampleWorker("0"), new ExampleWorker("1")];
const sum = new SnapshotSum();
let requests = 0;

function snapshots(at: number): void {
  for (const [n, worker] of workers.entries()) {
    requests += 10;
    process.stdout.write(`made ${requests}\n`);
    for (let i = 0; i < 10; i++) worker.request(`task ${i % 3}`, at, i * 7);
    sum.take(worker.snapshot(at));
    const latest = sum.latestOf(String(n));
    if (latest !== undefined) runFile.keepWorker(latest);
    process.stdout.write(`kept ${requests}\n`);
  }
}

for (let second = 1; second <= Number(ticks); second++) {
  snapshots(second * 1000 - 500);
  snapshots(second * 1000);
  runFile.write({
    snapshot: sum.total(second * 1000),
    observations: [observation("queue_depth", second, second * 1000)],
    events: [],
    thresholds: [],
  });
}
await runFile.stop({ state: "passed", warnings: [] });
