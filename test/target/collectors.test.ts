import { describeCollector } from "./conformance.ts";
import { httpKinds } from "./http-kinds.ts";

for (const kind of httpKinds) describeCollector(kind);
