import { globSync, readFileSync } from "node:fs";
import { basename, resolve } from "node:path";

/** A dashboard as Grafana reads it: what tests look at of the classic JSON. */
export interface DashboardJson {
  id?: number | null;
  uid: string;
  title: string;
  description: string;
  tags: string[];
  editable: boolean;
  graphTooltip: number;
  refresh: string;
  timezone: string;
  schemaVersion: number;
  templating: { list: VariableJson[] };
  annotations: { list: AnnotationJson[] };
  links: { type: string; tags: string[]; includeVars: boolean; keepTime: boolean; placement?: string }[];
  panels: PanelJson[];
}

export interface VariableJson {
  type: string;
  name: string;
  label: string;
  description: string;
  query: string | { query: string };
  datasource?: { uid: string };
  regex?: string;
  sort?: number;
  refresh?: number;
  multi: boolean;
  includeAll: boolean;
  allValue?: string;
  current?: { value: string | string[] };
}

export interface AnnotationJson {
  name: string;
  datasource: { uid: string };
  enable: boolean;
  expr: string;
  titleFormat: string;
  useValueForTime?: boolean;
}

export interface PanelJson {
  id: number;
  type: string;
  title: string;
  description?: string;
  pluginVersion?: string;
  datasource?: { uid: string };
  gridPos: { x: number; y: number; w: number; h: number };
  /** Rows alone. */
  collapsed?: boolean;
  repeat?: string;
  panels?: PanelJson[];
  /** Panels alone. */
  targets?: TargetJson[];
  transformations?: { id: string; options: Record<string, unknown> }[];
  fieldConfig?: {
    defaults: {
      unit?: string;
      min?: number;
      thresholds?: { steps: { value: number | null; color: string }[] };
      mappings?: { options: Record<string, { color: string }> }[];
      custom?: Record<string, unknown>;
    };
    overrides: { matcher: { id: string; options: string }; properties: { id: string; value: unknown }[] }[];
  };
  options?: {
    mapping?: string;
    series?: { frame?: { matcher: { id: string; options: unknown } } }[];
    [name: string]: unknown;
  };
}

export interface TargetJson {
  refId: string;
  expr: string;
  legendFormat: string;
  format: string;
  instant: boolean;
  exemplar: boolean;
  datasource: { uid: string };
}

export const root = resolve(import.meta.dirname, "../..");

/** Of the committed dashboards, by their files. */
export const dashboardNames = globSync("grafana/dashboards/*.json", { cwd: root }).map((path) =>
  basename(path, ".json"),
);

/** A committed dashboard, by its file's name without `.json`. */
export function readDashboard(name: string): DashboardJson {
  return JSON.parse(readFileSync(resolve(root, `grafana/dashboards/${name}.json`), "utf8")) as DashboardJson;
}

/** All panels that draw something, those of folded rows too. */
export function drawnPanels({ panels }: DashboardJson): PanelJson[] {
  return panels.flatMap((panel) => (panel.type === "row" ? (panel.panels ?? []) : [panel]));
}
