import { describeSocketCollector } from "./socket-conformance.ts";
import { socketKinds } from "./socket-kinds.ts";

for (const kind of socketKinds) describeSocketCollector(kind);
