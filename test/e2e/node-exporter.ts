import { program } from "../services.ts";
import { freePort } from "./network.ts";
import { Service } from "./service.ts";

/** A real node exporter; gives the URL of its page. */
export async function startNodeExporter(): Promise<string> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/metrics`;
  await Service.start({
    command: program("prometheus-node-exporter") ?? "",
    args: [`--web.listen-address=127.0.0.1:${port}`, "--log.level=error", "--no-collector.systemd"],
    ready: async () => (await fetch(url)).ok,
  });
  return url;
}
