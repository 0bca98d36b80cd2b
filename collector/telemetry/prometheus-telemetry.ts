import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Log, Telemetry } from "../port/telemetry.ts";
import { openMetricsOf } from "./open-metrics.ts";
import { ALERTMANAGER_API_VERSION, METRICS, type MetricDefinition } from "./metrics.ts";

export interface TelemetryOptions {
  /** Of the product. */
  version: string;
  log: Log;
  /** Default: the table of `metrics.ts`. */
  metrics?: readonly MetricDefinition[];
  /** Memory, CPU, garbage collection and event loop of this process. Registers observers for the life of the process. */
  processMetrics?: boolean;
}

type Labels = Readonly<Record<string, string>>;
type GaugeRead = () => number | { labels: Labels; value: number }[];
type Child = { inc(by: number): void } | { observe(value: number): void };

/** Metrics of the client library whose names break Prometheus's own rules; others of it say the same. */
const ILL_NAMED = [
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
  "nodejs_active_resources_total",
  "nodejs_eventloop_utilization_histogram",
  "nodejs_eventloop_utilization_summary",
];

/** Label sets of one metric; more become `other`, so that a mistake cannot eat the memory. */
const LABEL_SETS_MAX = 1000;

/** The collector's own metrics, in the form Prometheus reads. */
export class PrometheusTelemetry implements Telemetry {
  private readonly registry = new Registry();
  private readonly log: Log;
  private readonly definitions = new Map<string, MetricDefinition>();
  private readonly counters = new Map<string, Counter>();
  private readonly histograms = new Map<string, Histogram>();
  private readonly children = new Map<string, Map<string, Child>>();
  private readonly gauges = new Map<string, GaugeRead[]>();
  private readonly complained = new Set<string>();

  constructor(options: TelemetryOptions) {
    this.log = options.log;
    for (const definition of options.metrics ?? METRICS) this.define(definition);
    this.gauge("tocsin_build_info", () => [
      { labels: { version: options.version, node_version: process.version }, value: 1 },
    ]);
    this.gauge("alertmanager_build_info", () => [
      { labels: { version: ALERTMANAGER_API_VERSION, revision: "tocsin", branch: "" }, value: 1 },
    ]);
    if (options.processMetrics === true) {
      collectDefaultMetrics({ register: this.registry });
      for (const name of ILL_NAMED) this.registry.removeSingleMetric(name);
    }
  }

  count(metric: string, labels: Labels = {}, by = 1): void {
    const child = this.child(metric, labels, this.counters.get(metric));
    if (child !== undefined && "inc" in child) child.inc(by);
  }

  observe(metric: string, value: number, labels: Labels = {}): void {
    const child = this.child(metric, labels, this.histograms.get(metric));
    if (child !== undefined && "observe" in child) child.observe(value);
  }

  gauge(metric: string, read: GaugeRead): void {
    const readers = this.gauges.get(metric);
    if (readers === undefined) this.complain(metric);
    else readers.push(read);
  }

  /** The text format 0.0.4, or OpenMetrics. */
  async expose(format: "text" | "openMetrics" = "text"): Promise<{ contentType: string; body: string }> {
    const body = await this.registry.metrics();
    if (format === "text") return { contentType: this.registry.contentType, body };
    return { contentType: Registry.OPENMETRICS_CONTENT_TYPE, body: openMetricsOf(body) };
  }

  private define(definition: MetricDefinition): void {
    const { name, help, type } = definition;
    const labelNames = [...definition.labels];
    const registers = [this.registry];
    this.definitions.set(name, definition);
    this.children.set(name, new Map());
    if (type === "counter") this.counters.set(name, new Counter({ name, help, labelNames, registers }));
    else if (type === "histogram")
      this.histograms.set(
        name,
        new Histogram({ name, help, labelNames, registers, buckets: [...(definition.buckets ?? [])] }),
      );
    else {
      const readers: GaugeRead[] = [];
      this.gauges.set(name, readers);
      const own: Gauge = new Gauge({ name, help, labelNames, registers, collect: (): void => collect(own, readers) });
    }
  }

  private child(name: string, labels: Labels, metric: Counter | Histogram | undefined): Child | undefined {
    const definition = this.definitions.get(name);
    if (metric === undefined || definition === undefined) return this.complain(name);
    const children = this.children.get(name)!;
    const key = definition.labels.map((label) => labels[label] ?? "").join("\n");
    const known = children.get(key);
    if (known !== undefined) return known;
    for (const label in labels) if (!definition.labels.includes(label)) this.complain(`${name}{${label}}`);
    const full = children.size >= LABEL_SETS_MAX;
    const values = definition.labels.map((label) => (full ? "other" : (labels[label] ?? "")));
    const child: Child = metric.labels(...(values as []));
    if (!full) children.set(key, child);
    return child;
  }

  /** A metric that the table does not have is a mistake of ours; it must not stop the work. */
  private complain(metric: string): undefined {
    if (!this.complained.has(metric) && this.complained.size < LABEL_SETS_MAX) {
      this.complained.add(metric);
      this.log.error("metric is not in the table of metrics", { metric });
    }
    if (this.counters.has("tocsin_telemetry_undeclared_total")) this.count("tocsin_telemetry_undeclared_total");
    return undefined;
  }
}

function collect(gauge: Gauge, readers: readonly GaugeRead[]): void {
  gauge.reset();
  for (const read of readers) {
    const value = read();
    if (typeof value === "number") gauge.inc(value);
    else for (const entry of value) gauge.inc(entry.labels as never, entry.value);
  }
}
