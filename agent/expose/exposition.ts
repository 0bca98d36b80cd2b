import type { MetricName } from "../../protocol/metric-name.ts";
import { toNodeExporter } from "../../protocol/node-exporter-name.ts";
import type { Series } from "../sample/series-table.ts";

interface Family {
  type: string;
  help: string;
  lines: string[];
}

/**
 * Series in Prometheus' text format 0.0.4: by node_exporter's names where the table has one, else by the general translation
 * of OpenTelemetry names. Only series with a value since `since`.
 */
export function renderExposition(series: Iterable<Series>, since: number): string {
  const families = new Map<string, Family>();
  for (const each of series) {
    if (each.at < since || Number.isNaN(each.value)) continue;
    const known = toNodeExporter(each.name, each.labels);
    const name = known?.name ?? prometheusName(each);
    let family = families.get(name);
    if (family === undefined) {
      family = { type: typeOf(each, known?.row), help: known?.row.help ?? each.name, lines: [] };
      families.set(name, family);
    }
    family.lines.push(`${name}${renderLabels(known?.labels ?? each.labels)} ${renderValue(each.value)}`);
  }
  let text = "";
  for (const [name, family] of families) {
    text += `# HELP ${name} ${family.help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}\n# TYPE ${name} ${family.type}\n`;
    text += `${family.lines.join("\n")}\n`;
  }
  return text;
}

function typeOf(series: Series, row: MetricName | undefined): string {
  return row?.untyped === true ? "untyped" : series.type;
}

const UNITS: Readonly<Record<string, string>> = { s: "seconds", By: "bytes", "1": "", Cel: "celsius" };

/** Dots become underscores; base unit and `_total` at the end, as the OpenTelemetry specification for Prometheus asks. */
export function prometheusName(series: Pick<Series, "name" | "type" | "unit">): string {
  let name = series.name.replace(/[^a-zA-Z0-9_]/g, "_");
  const unit = UNITS[series.unit] ?? "";
  if (unit !== "" && !name.endsWith(`_${unit}`)) name += `_${unit}`;
  if (series.type === "counter" && !name.endsWith("_total")) name += "_total";
  if (series.unit === "1" && series.type === "gauge" && name.endsWith("utilization")) name += "_ratio";
  return /^\d/.test(name) ? `_${name}` : name;
}

function renderLabels(labels: Readonly<Record<string, string>>): string {
  const parts: string[] = [];
  for (const [label, value] of Object.entries(labels)) {
    const escaped = value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
    parts.push(`${label.replace(/[^a-zA-Z0-9_]/g, "_")}="${escaped}"`);
  }
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
}

function renderValue(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? "+Inf" : "-Inf";
}
