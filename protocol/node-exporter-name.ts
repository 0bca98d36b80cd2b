import type { MetricName } from "./metric-name.ts";
import { METRIC_NAMES } from "./metric-names.ts";

/** A series under the name and labels of the other world. `name` says what it is in both. */
export interface TranslatedSeries {
  name: string;
  labels: Record<string, string>;
  row: MetricName;
}

const byOtel = Map.groupBy(METRIC_NAMES, (row) => row.otel);
const byNode = new Map(METRIC_NAMES.map((row) => [row.node, row]));

/**
 * The name and labels under which node_exporter shows a series of ours; null for a series that the table does not cover,
 * which then goes out under its OpenTelemetry name by the general translation. For borders, not for each sample: callers
 * keep the answer for the series' life.
 */
export function toNodeExporter(otel: string, attributes: Readonly<Record<string, string>>): TranslatedSeries | null {
  const row = byOtel.get(otel)?.find((candidate) => matches(candidate, attributes));
  if (row === undefined) return null;
  const labels: Record<string, string> = {};
  for (const [attribute, value] of Object.entries(attributes)) {
    if (row.when?.[attribute] !== undefined || row.drop?.includes(attribute) === true) continue;
    const prefix = row.prefix?.[attribute] ?? "";
    const bare = value.startsWith(prefix) ? value.slice(prefix.length) : value;
    labels[row.rename?.[attribute] ?? attribute] = row.values?.[attribute]?.[bare] ?? bare;
  }
  for (const [label, value] of Object.entries(row.add ?? {})) labels[label] ??= value;
  return { name: row.node, labels, row };
}

/**
 * The inner name and attributes of a series that node_exporter made, so that the same rules serve hosts whose metrics come
 * through Prometheus. null where the table does not know the name. What has no label outside (a mount's mode) is missing.
 */
export function fromNodeExporter(node: string, labels: Readonly<Record<string, string>>): TranslatedSeries | null {
  const row = byNode.get(node);
  if (row === undefined) return null;
  const attributes: Record<string, string> = { ...row.when };
  for (const [label, value] of Object.entries(labels)) {
    if (row.add?.[label] === value) continue;
    const attribute = inverse(row.rename, label) ?? label;
    const inner = inverse(row.values?.[attribute], value) ?? value;
    attributes[attribute] = (row.prefix?.[attribute] ?? "") + inner;
  }
  return { name: row.otel, labels: attributes, row };
}

function matches(row: MetricName, attributes: Readonly<Record<string, string>>): boolean {
  for (const key in row.when) if (attributes[key] !== row.when[key]) return false;
  return true;
}

function inverse(map: Readonly<Record<string, string>> | undefined, wanted: string): string | undefined {
  for (const key in map) if (map[key] === wanted) return key;
  return undefined;
}
