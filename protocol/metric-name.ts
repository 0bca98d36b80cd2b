/** One name in two worlds, see METRIC_NAMES. */
export interface MetricName {
  /** OpenTelemetry name. */
  readonly otel: string;
  /** node_exporter's name. */
  readonly node: string;
  readonly type: "gauge" | "counter";
  /** UCUM. */
  readonly unit: string;
  readonly help: string;
  /** Attributes that must have exactly these values; they are not shown as labels outside. */
  readonly when?: Readonly<Record<string, string>>;
  /** Attribute → label, where the names differ. */
  readonly rename?: Readonly<Record<string, string>>;
  /** Attribute → its values that are spelled differently outside. */
  readonly values?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Attribute → prefix that its values have only inside (`cpu0` → `0`). */
  readonly prefix?: Readonly<Record<string, string>>;
  /** Attributes that have no label outside. */
  readonly drop?: readonly string[];
  /** Labels that stand only outside, with this value. */
  readonly add?: Readonly<Record<string, string>>;
  /** node_exporter exposes it without a type. */
  readonly untyped?: true;
}

export type Row = Omit<MetricName, "otel" | "node" | "type" | "unit" | "help">;

export const gauge = (otel: string, node: string, unit: string, help: string, row: Row = {}): MetricName => ({
  otel,
  node,
  type: "gauge",
  unit,
  help,
  ...row,
});
export const counter = (otel: string, node: string, unit: string, help: string, row: Row = {}): MetricName => ({
  otel,
  node,
  type: "counter",
  unit,
  help,
  ...row,
});
