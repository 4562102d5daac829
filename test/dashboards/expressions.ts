import { type AnnotationJson, type DashboardJson, drawnPanels, type VariableJson } from "./dashboard.ts";

/** What Grafana's variables stand for; a name that is not here must not be in a dashboard. */
export interface VariableValues {
  run_id: string;
  /** `"all"` is the variable's own All. */
  scenario: string[] | "all";
  target: string[] | "all";
  /** Of variables that only some dashboards have; what is not here is as it is at first. */
  own?: Record<string, string | string[]>;
  /** Of the dashboard's time range, such as `60s`. */
  range: string;
  /** At least four scrape intervals: `20s` for the shipped 5 s. */
  rateInterval: string;
}

/** One query as Prometheus gets it. */
export interface Expression {
  panel: string;
  refId: string;
  expr: string;
  /** Asked once at the end of the time range; otherwise over all of it. */
  instant: boolean;
  /** Grafana also asks `/api/v1/query_exemplars` for it. */
  exemplar: boolean;
  /** Draws limits of the plan: has data only where the plan has a threshold about what the panel shows. */
  limits: boolean;
}

/** Every query of every panel, and of the annotations, with the variables resolved as Grafana resolves them. */
export function expressions(dashboard: DashboardJson, values: VariableValues): Expression[] {
  const resolve = (text: string) => resolved(text, dashboard, values);
  const ofPanels = drawnPanels(dashboard).flatMap(({ title, targets }) =>
    (targets ?? []).map(({ refId, expr, instant, exemplar }) => ({
      panel: title,
      refId,
      expr: resolve(expr),
      instant,
      exemplar,
      limits: expr.includes("plimsoll_threshold_limit"),
    })),
  );
  const ofAnnotation = ({ name, expr }: AnnotationJson): Expression => ({
    panel: `annotation ${name}`,
    refId: "Anno",
    expr: resolve(expr),
    instant: false,
    exemplar: false,
    limits: false,
  });
  return [...ofPanels, ...dashboard.annotations.list.map(ofAnnotation)];
}

/**
 * Where a variable's values come from: `/api/v1/label/<label>/values?match[]=<selector>`. The selector of `scenario` holds
 * the run: ask for `run_id` first.
 */
export interface LabelQuery {
  variable: string;
  selector: string;
  label: string;
}

export function labelQueries(dashboard: DashboardJson, values: VariableValues): LabelQuery[] {
  return dashboard.templating.list
    .filter(({ type }) => type === "query")
    .map((variable) => {
      const text = queryText(variable);
      const [, selector, label] = /^label_values\((.+), (\w+)\)$/.exec(text) ?? [];
      if (selector === undefined || label === undefined)
        throw new Error(`expected label_values(selector, label), got ${text}`);
      return { variable: variable.name, selector: resolved(selector, dashboard, values), label };
    });
}

export function queryText({ query }: VariableJson): string {
  return typeof query === "string" ? query : query.query;
}

function resolved(text: string, dashboard: DashboardJson, values: VariableValues): string {
  return text.replace(/\$\{?(\w+)\}?/g, (whole, name: string) => {
    switch (name) {
      case "__rate_interval":
        return values.rateInterval;
      case "__range":
        return values.range;
      case "run_id":
        return values.run_id;
      case "scenario":
      case "target":
        return several(values[name], variable(name));
      default:
        return own(whole, variable(name), values.own?.[name]);
    }
  });

  function variable(name: string): VariableJson | undefined {
    return dashboard.templating.list.find((one) => one.name === name);
  }

  function own(whole: string, variable: VariableJson | undefined, chosen?: string | string[]): string {
    if (variable === undefined)
      throw new Error(`${whole} in "${text}" is no variable of the dashboard "${dashboard.title}"`);
    const value = chosen ?? variable.current?.value;
    if (typeof value === "string") return value;
    return several(value === undefined || value.includes("$__all") ? "all" : value, variable);
  }
}

/** As Grafana's Prometheus data source writes a variable that may have several values into a regular expression. */
function several(chosen: string[] | "all", variable: VariableJson | undefined): string {
  if (chosen === "all") {
    if (variable?.allValue === undefined) throw new Error(`${variable?.name} has no value for All`);
    return variable.allValue;
  }
  const escaped = chosen.map((value) => value.replace(/\\/g, "\\\\\\\\").replace(/[$^*{}[\]'+?.()|]/g, "\\\\$&"));
  return escaped.length === 1 ? escaped.join() : `(${escaped.join("|")})`;
}
