import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { program } from "../services.ts";
import { root } from "./dashboard.ts";

interface Compose {
  version?: string;
  name: string;
  services: Record<string, Service>;
  volumes: Record<string, null>;
}

interface Service {
  image: string;
  build?: string;
  entrypoint?: string[];
  command: string[];
  environment?: Record<string, string>;
  ports?: string[];
  volumes?: string[];
  healthcheck?: { test: string[] };
  depends_on?: Record<string, { condition: string }>;
}

const compose: Compose = parse(readFileSync(resolve(root, "docker-compose.yml"), "utf8"), { merge: true });
const services = Object.entries(compose.services);
const mounts = services.flatMap(([name, { volumes = [] }]) =>
  volumes.map((volume) => {
    const [source = "", path = "", mode] = volume.split(":");
    return { name, source, path, mode };
  }),
);

describe("docker-compose.yml", () => {
  it("has the target, Plimsoll, and where both are seen", () => {
    expect(Object.keys(compose.services).sort()).toEqual(["grafana", "plimsoll", "prometheus", "target", "tempo"]);
    expect(compose).toMatchObject({ name: "plimsoll" });
    expect(compose.version).toBeUndefined();
  });

  it.each(services)("%s has an exact image whose version can be overridden", (_, { image }) => {
    expect(image).toMatch(/^[\w./-]+:\$\{[A-Z]+_VERSION:-v?\d+\.\d+\.\d+\}$/);
  });

  it.each(services)("%s is reached from this machine alone", (_, { ports = [] }) => {
    expect(ports.filter((port) => !/^127\.0\.0\.1:\$\{[A-Z]+_PORT:-\d+\}:\d+$/.test(port))).toEqual([]);
  });

  it.each(
    services,
  )("%s waits only for services that there are, and for health where there is a check", (_, service) => {
    for (const [name, { condition }] of Object.entries(service.depends_on ?? {})) {
      const checked = compose.services[name]?.healthcheck !== undefined;
      expect(Object.keys(compose.services)).toContain(name);
      expect(condition).toBe(checked ? "service_healthy" : "service_started");
    }
  });

  it("checks the health of all but Tempo, whose image has no shell", () => {
    const unchecked = services.filter(([, { healthcheck }]) => healthcheck === undefined).map(([name]) => name);
    expect(unchecked).toEqual(["tempo"]);
  });

  it("mounts what the repository has, read-only, and keeps the rest in named volumes", () => {
    for (const { source, mode } of mounts) {
      if (!source.startsWith("./")) expect(Object.keys(compose.volumes)).toContain(source);
      else expect([existsSync(resolve(root, source)), mode]).toEqual([true, "ro"]);
    }
    expect(Object.keys(compose.volumes).filter((name) => !mounts.some(({ source }) => source === name))).toEqual([]);
  });

  it("gives Grafana what its provisioning asks the environment for", () => {
    const { environment = {}, volumes = [] } = compose.services["grafana"] ?? never();
    const provisioning = ["datasources", "dashboards"]
      .map((kind) => readFileSync(resolve(root, `grafana/provisioning/${kind}/plimsoll.yml`), "utf8"))
      .join("");
    const asked = [...provisioning.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name);
    expect(Object.keys(environment)).toEqual(expect.arrayContaining(asked));
    expect(environment).toMatchObject({ PROMETHEUS_URL: "http://prometheus:9090", TEMPO_URL: "http://tempo:3200" });

    const dashboards = environment["DASHBOARDS_DIR"] ?? never();
    expect(volumes).toContain(`./grafana/dashboards:${dashboards}:ro`);
    const home =
      environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]?.replace(dashboards, "grafana/dashboards") ?? never();
    expect(existsSync(resolve(root, home))).toBe(true);
  });

  it("gives Prometheus its configuration, exemplars, and Plimsoll as its target", () => {
    const { command } = compose.services["prometheus"] ?? never();
    expect(command).toEqual(
      expect.arrayContaining(["--config.file=/etc/prometheus/prometheus.yml", "--enable-feature=exemplar-storage"]),
    );
    const config = parse(readFileSync(resolve(root, "prometheus/prometheus.yml"), "utf8"));
    const [file] = config.scrape_configs[0].file_sd_configs[0].files;
    const mount = mounts.find(({ name, path }) => name === "prometheus" && path === resolve("/etc/prometheus", file));
    const [{ targets }] = JSON.parse(readFileSync(resolve(root, mount?.source ?? never()), "utf8"));
    expect(targets).toEqual(["plimsoll:8089"]);
    expect(compose.services["plimsoll"]?.command.at(-1)).toBe("0.0.0.0:8089");
  });
});

it("Tempo listens where Plimsoll sends and where Grafana asks", () => {
  const tempo = parse(readFileSync(resolve(root, "grafana/tempo.yml"), "utf8"));
  const { endpoint } = tempo.distributor.receivers.otlp.protocols.http;
  const sent = compose.services["plimsoll"]?.environment?.["OTEL_EXPORTER_OTLP_ENDPOINT"];
  expect(sent).toBe(`http://tempo:${endpoint.split(":")[1]}`);
  expect(compose.services["grafana"]?.environment?.["TEMPO_URL"]).toBe(`http://tempo:${tempo.server.http_listen_port}`);
});

describe("Dockerfile", () => {
  const dockerfile = readFileSync(resolve(root, "Dockerfile"), "utf8");
  const sent = readFileSync(resolve(root, ".dockerignore"), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("!"));

  it("copies only what the repository has and the build is sent", () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources = ""]) =>
      sources.split(" "),
    );
    expect(copied.length).toBeGreaterThan(0);
    expect(copied.filter((source) => !sent.includes(`!${source}`) || !existsSync(resolve(root, source)))).toEqual([]);
  });

  it("runs as nobody special, with what a run needs alone", () => {
    const [, last = ""] = dockerfile.split(/^FROM .*(?=\n)/m).slice(1);
    expect(last).toMatch(/^USER node$/m);
    expect(last).toContain("npm ci --omit=dev");
    expect(last).toContain('ENTRYPOINT ["node", "dist/main.js"]');
  });

  it("has what compose starts, and the scenario that it runs", () => {
    expect(compose.services["target"]?.entrypoint).toEqual(["node", "dist/demo/main.js"]);
    expect(existsSync(resolve(root, "src/demo/main.ts"))).toBe(true);
    const scenario = /^\$\{PLIMSOLL_SCENARIO:-(.+)\}$/.exec(compose.services["plimsoll"]?.command[1] ?? "")?.[1];
    expect(existsSync(resolve(root, scenario ?? never()))).toBe(true);
  });
});

const validator = program("compose-go");
if (validator !== undefined) {
  it("is what Docker's own parser accepts", () => {
    const { status, stderr } = spawnSync(validator, [resolve(root, "docker-compose.yml")], { encoding: "utf8" });
    expect(status, stderr).toBe(0);
  });
}

function never(): never {
  throw new Error("docker-compose.yml has changed: this test looks for something that is not there");
}
