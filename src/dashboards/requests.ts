import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { board, type Row } from "./board.ts";
import { chart } from "./chart.ts";
import { connections, errors, network, responseTime, responseTimes, throughput } from "./client-charts.ts";
import { client } from "./colours.ts";
import { third } from "./grid.ts";
import { errorRatio } from "./measures.ts";
import { requestsTable } from "./requests-table.ts";
import { labelValues, several, shown } from "./variables.ts";

/** The requests that the variable of this dashboard chooses. */
const chosen = shown.narrowed({ run: { request: { matches: "$request" } } });

/** What is told request by request. */
function ofRequests(y: number): Row["panels"] {
  const codes = `sum by (status_code) (${chosen.rate("plimsoll_requests_total")}) > 0`;
  return [
    responseTimes({ x: 0, y, w: 16, h: 8 }, chosen),
    responseTime(third(2, y), chosen),
    throughput(third(0, y + 8), chosen),
    chart({
      title: "Status codes",
      description:
        "Responses a second by status code, whether it was expected or not; requests that got no response at all are `none`.",
      at: third(1, y + 8),
      unit: "reqps",
      lines: [
        {
          expr: `label_replace(${codes}, "status_code", "none", "status_code", "")`,
          legend: "{{status_code}}",
          colour: client.main,
          several: true,
          look: "stacked",
        },
      ],
    }),
    errors(third(2, y + 8), chosen),
    chart({
      title: "p95 by request",
      description: "Each request's own 95th percentile of the response time: which of them it is that gets slow.",
      at: third(0, y + 16),
      unit: "s",
      lines: [
        {
          expr: chosen.quantile(0.95, "plimsoll_response_time_seconds", ["run_id", "request"]),
          legend: "{{request}}",
          colour: client.main,
          several: true,
          exemplars: true,
        },
      ],
    }),
    chart({
      title: "Response time and service time",
      description:
        "p95 from when a request should have started, and from when it did start. What lies between them, it waited in the generator: for a user or for the schedule.",
      at: third(1, y + 16),
      unit: "s",
      lines: [
        {
          expr: chosen.quantile(0.95, "plimsoll_response_time_seconds"),
          legend: "response time",
          colour: client.main,
          look: "strong",
          exemplars: true,
        },
        {
          expr: chosen.quantile(0.95, "plimsoll_service_time_seconds"),
          legend: "service time",
          colour: client.light,
          exemplars: true,
        },
      ],
    }),
    chart({
      title: "Failed, by request",
      description: "Share of each request's responses that failed.",
      at: third(2, y + 16),
      unit: "percentunit",
      lines: [
        { expr: errorRatio(chosen, ["run_id", "request"]), legend: "{{request}}", colour: client.alarm, several: true },
      ],
    }),
  ];
}

/** What is told of a scenario or a run as a whole. */
function ofAll(y: number): Row["panels"] {
  const exchanges = `sum by (run_id) (${shown.countRate("plimsoll_request_phase_duration_seconds", { phase: "wait" })})`;
  const phases = `sum by (run_id, phase) (${shown.sumRate("plimsoll_request_phase_duration_seconds")})`;
  return [
    chart({
      title: "Phases",
      description:
        "The parts of an exchange, each as the mean over all exchanges, so that they add up to the mean of the whole: where the time goes. dns, connect and tls are new connections' alone. Empty unless the scenario says `timings: full`.",
      at: third(0, y),
      unit: "s",
      lines: [
        {
          expr: `${phases} / on (run_id) group_left () (${exchanges} > 0)`,
          legend: "{{phase}}",
          colour: client.main,
          several: true,
          look: "stacked",
        },
      ],
    }),
    connections(third(1, y)),
    network(third(2, y)),
  ];
}

/** One request, or some: how long they take, what is answered, and how they fail. */
export function requests(): Dashboard {
  return board({
    uid: "plimsoll-requests",
    title: "Requests",
    description: "One request by itself: how long it takes, what is answered, and how it fails.",
    variables: [
      several(labelValues("request", shown.metric("plimsoll_requests_total")))
        .label("Request")
        .description("Requests of the run, by name."),
    ],
    panels: [requestsTable({ x: 0, y: 0, w: 24, h: 8 }, chosen), ...ofRequests(8)],
    rows: [{ title: "All requests of the scenario", y: 32, panels: ofAll(33) }],
  });
}
