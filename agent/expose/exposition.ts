import type { MetricName } from "../../protocol/metric-name.ts";
import { metricHelp } from "../../protocol/metric-help.ts";
import { toNodeExporter } from "../../protocol/node-exporter-name.ts";
import { prometheusName } from "../../protocol/prometheus-name.ts";
import type { Series } from "../sample/series-table.ts";

interface Family {
  type: string;
  help: string;
  lines: string[];
}

/**
 * Series in Prometheus' text format 0.0.4: by node_exporter's names where the table has one, else by the general translation
 * of OpenTelemetry names, as the collector shows them. Only series with a value since `since`.
 */
export function renderExposition(series: Iterable<Series>, since: number): string {
  const families = new Map<string, Family>();
  for (const each of series) {
    if (each.at < since || Number.isNaN(each.value)) continue;
    const known = toNodeExporter(each.name, each.labels);
    const name = known?.name ?? prometheusName(each.name, each.type, each.unit);
    let family = families.get(name);
    if (family === undefined) {
      family = {
        type: typeOf(each, known?.row),
        help: known?.row.help ?? metricHelp(each.name) ?? each.name,
        lines: [],
      };
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
