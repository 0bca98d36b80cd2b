import { toNodeExporter } from "../../protocol/node-exporter-name.ts";
import { prometheusName } from "../../protocol/prometheus-name.ts";
import type { Sample } from "../../protocol/sample.ts";

/** A series as Prometheus sees it. */
export interface PrometheusSeries {
  /** The name that `# TYPE` carries in the text format: with `_total`, without `_bucket`, `_sum`, `_count`. */
  family: string;
  type: "counter" | "gauge" | "histogram" | "summary" | "unknown";
  /** "" where only the sender may know. */
  help: string;
  /** The name of the sample: the family's, or with the suffix of its part. */
  name: string;
  labels: [name: string, value: string][];
}

/** Labels that the border itself adds; a sample's own label of that name becomes `exported_…`, as in Prometheus. */
export const BORDER_LABELS: readonly string[] = [
  "ci",
  "service_name",
  "service_namespace",
  "service_instance_id",
  "k8s_namespace_name",
  "k8s_pod_name",
  "k8s_container_name",
  "deployment_environment_name",
];

/**
 * What a series is called outside: node_exporter's name where the table of `protocol/metric-names.ts` has it, else the general
 * translation of `protocol/prometheus-name.ts`. null where nothing is left of the name.
 */
export function toPrometheus(sample: Sample): PrometheusSeries | null {
  const known = sample.family === undefined ? toNodeExporter(sample.name, sample.labels) : null;
  if (known !== null)
    return {
      family: known.name,
      type: known.row.untyped === true ? "unknown" : known.row.type,
      help: known.row.help,
      name: known.name,
      labels: labelPairs(known.labels),
    };
  const base = baseName(sample);
  const part = sample.name.slice(base.length);
  const type = sample.family ?? sample.type;
  const family = prometheusName(base, type, sample.unit);
  return family === "" ? null : { family, type, help: "", name: family + part, labels: labelPairs(sample.labels) };
}

/** The metric's name, without the suffix of a part. */
export function baseName({ name, family }: Sample): string {
  const part = family === undefined ? undefined : ["_bucket", "_sum", "_count"].find((each) => name.endsWith(each));
  return part === undefined ? name : name.slice(0, -part.length);
}

/** Sorted by name; two labels that become one name are joined by `;`, as the specification says. */
function labelPairs(labels: Readonly<Record<string, string>>): [string, string][] {
  const pairs = new Map<string, string>();
  for (const key of Object.keys(labels).sort()) {
    const name = labelName(key);
    const before = pairs.get(name);
    pairs.set(name, before === undefined ? labels[key]! : `${before};${labels[key]!}`);
  }
  return [...pairs].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** A label name that Prometheus takes; one of the border's own becomes `exported_…`. */
export function labelName(key: string): string {
  const clean = key.replace(/[^a-zA-Z0-9_]/g, "_");
  const name = clean === "" || /^[0-9]/.test(clean) ? `key_${clean}` : clean.replace(/^__+/, "_");
  return BORDER_LABELS.includes(name) ? `exported_${name}` : name;
}

/** The value of a label between quotes, in both formats. */
export function escapeLabel(value: string): string {
  return /[\\"\n]/.test(value) ? value.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n") : value;
}
