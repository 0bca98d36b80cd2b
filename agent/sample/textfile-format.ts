import { fromNodeExporter } from "../../protocol/node-exporter-name.ts";

/** One sample of a file of metrics. */
export interface TextSample {
  name: string;
  type: "counter" | "gauge";
  labels: Readonly<Record<string, string>>;
  value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)\s*(?:\{(.*)\})?\s+(\S+)(\s+\S+)?\s*$/;
const LABEL = /\s*([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)/y;
const TYPE = /^#\s*TYPE\s+(\S+)\s+(\S+)\s*$/;
const LABELS_MAX = 32;

/**
 * Reads Prometheus' text format, as scripts write it for node_exporter's textfile collector. As there, one line that is wrong or bears a time makes
 * all of the file unusable: what is wrong with it, then. Histograms and summaries are left out.
 */
export function parseTextfile(text: string): readonly TextSample[] | { fault: string } {
  const types = new Map<string, string>();
  const samples: TextSample[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const fault = (what: string): { fault: string } => ({ fault: `line ${index + 1}: ${what}` });
    const type = TYPE.exec(line);
    if (type !== null) types.set(type[1]!, type[2]!);
    if (line.trim() === "" || line.startsWith("#")) continue;
    const [, name = "", pairs = "", number = "", time] = LINE.exec(line) ?? [];
    if (name === "") return fault("it is no sample");
    if (time !== undefined) return fault("a sample may not have a time of its own");
    if (fromNodeExporter(name, {}) !== null || name.startsWith("tocsin_"))
      return fault(`${name} is told by the agent itself`);
    const labels = labelsOf(pairs);
    if (labels === null || "ci" in labels) return fault("its labels are none that can be told");
    const value = valueOf(number);
    if (value === null) return fault(`${number} is no number`);
    if (isPartOfHistogram(name, types)) continue;
    if (Number.isFinite(value))
      samples.push({ name, type: types.get(name) === "counter" ? "counter" : "gauge", labels, value });
  }
  return samples;
}

function labelsOf(text: string): Record<string, string> | null {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  for (let count = 0; LABEL.lastIndex < text.trimEnd().length; count++) {
    const found = LABEL.exec(text);
    if (found === null || count >= LABELS_MAX) return null;
    labels[found[1]!] = found[2]!.replace(/\\(.)/g, (_, each: string) => (each === "n" ? "\n" : each));
  }
  return labels;
}

function valueOf(text: string): number | null {
  if (/^[+-]?Inf$/i.test(text) || /^NaN$/i.test(text)) return Number.NaN;
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : null;
}

function isPartOfHistogram(name: string, types: ReadonlyMap<string, string>): boolean {
  const whole = name.replace(/_(?:bucket|sum|count)$/, "");
  return ["histogram", "summary"].includes(types.get(name) ?? types.get(whole) ?? "");
}
