import type { Row } from "./board.ts";
import { chart, levels } from "./chart.ts";
import { server } from "./colours.ts";
import { third } from "./grid.ts";
import { ofSources } from "./target-lines.ts";

/** What a host, a container or a process has of the machine. */
export function hostCharts(y: number): Row["panels"] {
  const { line } = ofSources("host");
  return [
    chart({
      title: "Cores",
      description: "Cores used against those that may be used, and the load average over one minute.",
      at: third(0, y),
      unit: "short",
      lines: [
        line("cpu_used_cores", { says: "used", look: "strong" }),
        line("cpu_limit_cores", { says: "limit", colour: server.quiet, look: "dashed" }),
        line("load1", { says: "load", colour: server.strong }),
      ],
    }),
    chart({
      title: "CPU used and throttled",
      description:
        "CPU against what may be used, and the share of time in which a container was held back (right axis): throttled at half its CPU, it used its share in bursts.",
      at: third(1, y),
      unit: "percentunit",
      atLeast: 1,
      lines: [
        line("cpu_utilization_ratio", { look: "strong" }),
        line("cpu_throttled_seconds_total", {
          says: "throttled",
          colour: server.strong,
          look: "bars",
          right: "percentunit",
        }),
      ],
      limits: [{ functions: levels, metrics: "cpu_utilization_ratio" }],
    }),
    chart({
      title: "Memory",
      description: "Memory in use against what may be used.",
      at: third(2, y),
      unit: "bytes",
      lines: [
        line("memory_used_bytes", { look: "strong" }),
        line("memory_limit_bytes", { says: "limit", colour: server.quiet, look: "dashed" }),
      ],
      limits: [{ functions: levels, metrics: "memory_used_bytes" }],
    }),
    chart({
      title: "Network of the host",
      description: "Bytes received and sent a second.",
      at: third(0, y + 8),
      unit: "Bps",
      lines: [
        line("network_receive_bytes_total", { says: "received" }),
        line("network_transmit_bytes_total", { says: "sent", colour: server.strong }),
      ],
    }),
    chart({
      title: "Disk",
      description: "Bytes read and written a second, and the share of time that disks were busy (right axis).",
      at: third(1, y + 8),
      unit: "Bps",
      lines: [
        line("disk_read_bytes_total", { says: "read" }),
        line("disk_written_bytes_total", { says: "written", colour: server.strong }),
        line("disk_io_seconds_total", { says: "busy", colour: server.quiet, look: "dashed", right: "percentunit" }),
      ],
    }),
    chart({
      title: "Open files and threads",
      description: "File descriptors against what may be open, and threads.",
      at: third(2, y + 8),
      unit: "short",
      lines: [
        line("open_fds", { says: "open files", look: "strong" }),
        line("open_fds_max", { says: "open files at most", colour: server.quiet, look: "dashed" }),
        line("threads", { says: "threads", colour: server.strong }),
      ],
    }),
  ];
}
