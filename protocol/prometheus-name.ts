export type PrometheusType = "counter" | "gauge" | "histogram" | "summary" | "unknown";

/**
 * The Prometheus name of a metric that node_exporter does not have, after the OpenTelemetry specification ("Prometheus and
 * OpenMetrics compatibility"): characters that Prometheus does not have become `_`; the unit and, for counters, `_total` are
 * appended. Two departures keep `promtool check metrics` content: only a utilization is a `_ratio`, because the unit 1 also
 * stands on states (`check.up`); and the last word of a gauge is never `count`, which belongs to histograms.
 *
 * @param name OpenTelemetry name; of a histogram or summary without the suffix of its part
 * @param unit UCUM
 * @returns "" where no letter or digit is left
 */
export function prometheusName(name: string, type: PrometheusType, unit: string): string {
  const tokens = name.split(/[^a-zA-Z0-9:]+/).filter((token) => token !== "");
  if (tokens.length === 0) return "";
  const total = type === "counter" && tokens.at(-1) === "total";
  if (total && tokens.length > 1) tokens.pop();
  if (type === "gauge" && tokens.length > 1 && /^(?:count|sum|bucket|total)$/.test(tokens.at(-1)!)) tokens.pop();
  if (type === "gauge" && unit === "1" && tokens.at(-1) === "utilization") tokens.push("ratio");
  for (const suffix of unitTokens(unit)) if (!tokens.includes(suffix)) tokens.push(suffix);
  if (type === "counter") tokens.push("total");
  const joined = tokens.join("_");
  return /^[0-9]/.test(joined) ? `_${joined}` : joined;
}

/** UCUM units to the words that Prometheus names carry. */
const UNITS: Readonly<Record<string, string>> = {
  d: "days",
  h: "hours",
  min: "minutes",
  s: "seconds",
  ms: "milliseconds",
  us: "microseconds",
  ns: "nanoseconds",
  By: "bytes",
  KiBy: "kibibytes",
  MiBy: "mebibytes",
  GiBy: "gibibytes",
  TiBy: "tibibytes",
  KBy: "kilobytes",
  kBy: "kilobytes",
  MBy: "megabytes",
  GBy: "gigabytes",
  TBy: "terabytes",
  bit: "bits",
  m: "meters",
  V: "volts",
  A: "amperes",
  J: "joules",
  W: "watts",
  g: "grams",
  Cel: "celsius",
  Hz: "hertz",
  "%": "percent",
};

const PER: Readonly<Record<string, string>> = { s: "second", min: "minute", h: "hour", d: "day" };

function unitTokens(unit: string): string[] {
  const bare = unit.replace(/\{[^}]*\}/g, "");
  if (bare === "1") return [];
  const [amount = "", per = ""] = bare.split("/", 2);
  const word = UNITS[amount] ?? amount.replace(/[^a-zA-Z0-9]+/g, "");
  const perWord = per === "" ? "" : (PER[per] ?? per.replace(/[^a-zA-Z0-9]+/g, ""));
  return [...(word === "" ? [] : [word]), ...(perWord === "" ? [] : ["per", perWord])];
}
