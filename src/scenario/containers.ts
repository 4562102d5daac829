import type { Containers, DockerSource } from "./plan-source.ts";
import type { Reader } from "./reader.ts";
import type { SourceNode } from "./source.ts";

const DEFAULT_ENGINE = "unix:///var/run/docker.sock";

/** Reads `docker:` or `compose:` of a source, `node`. */
export function readContainers(
  reader: Reader,
  node: SourceNode,
): Pick<DockerSource, "kind" | "engine" | "containers"> | undefined {
  const engine = readEngine(reader, reader.get(node, "engine"));
  const containers = readWhich(reader, node);
  return engine === undefined || containers === undefined ? undefined : { kind: "docker", engine, containers };
}

/** What `docker:` or `compose:` in `node` names. */
export function readWhich(reader: Reader, node: SourceNode): Containers | undefined {
  const docker = reader.get(node, "docker");
  return docker === undefined ? readService(reader, reader.get(node, "compose")) : readNamed(reader, docker);
}

/** As the docker command does, the engine is `DOCKER_HOST` where nothing else is said. */
export function readEngine(reader: Reader, node: SourceNode | undefined): string | undefined {
  return node === undefined ? (reader.environment("DOCKER_HOST") ?? DEFAULT_ENGINE) : reader.string(node);
}

function readNamed(reader: Reader, node: SourceNode): Containers | undefined {
  const names = (node.kind === "list" ? node.items : [node]).map((item) => reader.string(item));
  const known = names.filter((one) => one !== undefined);
  return known.length < names.length ? undefined : { kind: "named", names: known };
}

/** A compose service: its name, or a map with its project. */
function readService(reader: Reader, node: SourceNode | undefined): (Containers & { kind: "service" }) | undefined {
  const service = reader.string(node?.kind === "map" ? reader.get(node, "service") : node);
  const project = reader.string(reader.get(node, "project"));
  if (service === undefined) return undefined;
  return { kind: "service", service, ...(project === undefined ? {} : { project }) };
}
