/** Prometheus's rules, as its files have them. */
export interface RecordingRule {
  record: string;
  expr: string;
  labels?: Record<string, string>;
}

export interface AlertRule {
  alert: string;
  expr: string;
  for?: string;
  labels: Record<string, string>;
  annotations: { summary: string; description: string };
}

export interface Group {
  name: string;
  /** A line above it, for who reads the file. */
  comment?: string;
  rules: (RecordingRule | AlertRule)[];
}

/** Text as a Go template gives it out again: labels and annotations of alerts are templates. */
export function literal(text: string): string {
  return text.replaceAll("{{", '{{ "{{" }}');
}
