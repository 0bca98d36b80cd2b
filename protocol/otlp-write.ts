/**
 * Writes OTLP metrics as protobuf, by hand: an agent sends the same few hundred series every ten seconds, so the attributes
 * of a series are encoded once for its life and a request is little more than copying them and writing eight-byte values.
 * A general protobuf library costs the agent more memory than its whole sampling.
 *
 * @see opentelemetry/proto/metrics/v1/metrics.proto, collector/metrics/v1/metrics_service.proto
 */

/** One series at one time. Objects may be kept and changed between two writes. */
export interface OtlpPoint {
  /** From `encodePointAttributes`. */
  attributes: Uint8Array;
  /** NaN: the series has ended. */
  value: number;
  /** Milliseconds since 1970. */
  at: number;
  /** When a counter began at 0, milliseconds since 1970; 0 = not known. */
  startedAt: number;
}

/** The series of one metric. */
export interface OtlpMetric {
  name: string;
  /** counter: cumulative, monotonic sum. */
  type: "gauge" | "counter";
  /** UCUM. */
  unit: string;
  points: readonly OtlpPoint[];
}

export type AttributeValue = string | number;

const text = new TextEncoder();
const LENGTH_DELIMITED = 2;
const FIXED64 = 1;
const tag = (field: number, wireType: number): number => (field << 3) | wireType;

/** For `OtlpPoint.attributes`; keys in the order given. */
export function encodePointAttributes(attributes: Readonly<Record<string, string>>): Uint8Array {
  return encodeAttributes(7, attributes);
}

/** What is the same in each request of one sender: who it is, and which code measured. */
export interface OtlpSender {
  resource: Readonly<Record<string, AttributeValue>>;
  scope: { name: string; version: string };
}

/**
 * One writer for a sender's life; its buffer grows to the largest request and is used again.
 * `write` returns a view that is valid until the next `write`.
 */
export class OtlpMetricsWriter {
  #out: Uint8Array<ArrayBuffer>;
  #view: DataView<ArrayBuffer>;
  #at = 0;
  readonly #resource: Uint8Array;
  readonly #scope: Uint8Array;
  readonly #headers = new WeakMap<OtlpMetric, Uint8Array>();
  /** Of each metric of this request: its points. */
  #sizes: number[] = [];
  /** The last start and the last time, which most points have in common. */
  readonly #start = { ms: -1, nanos: 0n };
  readonly #time = { ms: -1, nanos: 0n };

  constructor(sender: OtlpSender, initialBytes = 32_768) {
    this.#out = new Uint8Array(initialBytes);
    this.#view = new DataView(this.#out.buffer);
    const attributes = encodeAttributes(1, sender.resource);
    this.#resource = concat([bytesField(1, attributes)]);
    this.#scope = bytesField(1, concat([stringField(1, sender.scope.name), stringField(2, sender.scope.version)]));
  }

  /** An ExportMetricsServiceRequest with the points of `metrics` that are not older than `since`; empty without any. */
  write(metrics: readonly OtlpMetric[], since = 0): Uint8Array {
    this.#at = 0;
    this.#sizes = metrics.map((metric) => dataSize(metric, since));
    let scopeSize = this.#scope.length;
    for (const [index, metric] of metrics.entries()) {
      const size = this.#metricSize(metric, this.#sizes[index]!);
      if (size > 0) scopeSize += 1 + varintSize(size) + size;
    }
    if (scopeSize === this.#scope.length) return this.#out.subarray(0, 0);
    const resourceSize = this.#resource.length + 1 + varintSize(scopeSize) + scopeSize;
    this.#reserve(1 + varintSize(resourceSize) + resourceSize);
    this.#header(1, resourceSize);
    this.#copy(this.#resource);
    this.#header(2, scopeSize);
    this.#copy(this.#scope);
    for (const [index, metric] of metrics.entries()) this.#metric(metric, this.#sizes[index]!, since);
    return this.#out.subarray(0, this.#at);
  }

  /** Name and unit, encoded once. */
  #metricHeader(metric: OtlpMetric): Uint8Array {
    let header = this.#headers.get(metric);
    if (header === undefined) {
      header = concat([stringField(1, metric.name), stringField(3, metric.unit)]);
      this.#headers.set(metric, header);
    }
    return header;
  }

  #metricSize(metric: OtlpMetric, data: number): number {
    return data === 0 ? 0 : this.#metricHeader(metric).length + 1 + varintSize(data) + data;
  }

  #metric(metric: OtlpMetric, data: number, since: number): void {
    if (data === 0) return;
    const header = this.#metricHeader(metric);
    this.#header(2, header.length + 1 + varintSize(data) + data);
    this.#copy(header);
    const counter = metric.type === "counter";
    this.#header(counter ? 7 : 5, data);
    for (const point of metric.points) if (point.at >= since) this.#point(metric, point);
    if (!counter) return;
    this.#byte(tag(2, 0));
    this.#byte(2); // AGGREGATION_TEMPORALITY_CUMULATIVE
    this.#byte(tag(3, 0));
    this.#byte(1);
  }

  #point(metric: OtlpMetric, point: OtlpPoint): void {
    this.#header(1, pointSize(metric, point));
    if (hasStart(metric, point)) this.#nanos(2, point.startedAt, this.#start);
    this.#nanos(3, point.at, this.#time);
    this.#byte(tag(4, FIXED64));
    this.#view.setFloat64(this.#at, point.value, true);
    this.#at += 8;
    this.#copy(point.attributes);
    if (!hasEnded(point)) return;
    this.#byte(tag(8, 0));
    this.#byte(1); // DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK
  }

  #nanos(field: number, ms: number, last: { ms: number; nanos: bigint }): void {
    if (ms !== last.ms) {
      last.ms = ms;
      last.nanos = BigInt(Math.round(ms)) * 1_000_000n;
    }
    this.#byte(tag(field, FIXED64));
    this.#view.setBigUint64(this.#at, last.nanos, true);
    this.#at += 8;
  }

  #header(field: number, size: number): void {
    this.#byte(tag(field, LENGTH_DELIMITED));
    this.#at = writeVarint(this.#out, this.#at, size);
  }

  #byte(value: number): void {
    this.#out[this.#at++] = value;
  }

  #copy(bytes: Uint8Array): void {
    this.#out.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #reserve(size: number): void {
    if (size <= this.#out.length) return;
    this.#out = new Uint8Array(Math.max(size, this.#out.length * 2));
    this.#view = new DataView(this.#out.buffer);
  }
}

/** What its points take in a request; 0 where none of them is new enough. */
function dataSize(metric: OtlpMetric, since: number): number {
  let size = 0;
  for (const point of metric.points) {
    if (point.at < since) continue;
    const inner = pointSize(metric, point);
    size += 1 + varintSize(inner) + inner;
  }
  // aggregation_temporality and is_monotonic
  return size > 0 && metric.type === "counter" ? size + 4 : size;
}

function hasStart(metric: OtlpMetric, point: OtlpPoint): boolean {
  return metric.type === "counter" && point.startedAt > 0;
}

function pointSize(metric: OtlpMetric, point: OtlpPoint): number {
  return (hasStart(metric, point) ? 27 : 18) + point.attributes.length + (hasEnded(point) ? 2 : 0);
}

function hasEnded(point: OtlpPoint): boolean {
  return Number.isNaN(point.value);
}

function encodeAttributes(field: number, attributes: Readonly<Record<string, AttributeValue>>): Uint8Array {
  return concat(
    Object.entries(attributes).map(([key, value]) =>
      bytesField(field, concat([stringField(1, key), bytesField(2, anyValue(value))])),
    ),
  );
}

/** AnyValue: whole numbers as int_value, others as double_value. */
function anyValue(value: AttributeValue): Uint8Array {
  if (typeof value === "string") return bytesField(1, text.encode(value), true);
  if (Number.isSafeInteger(value) && value >= 0) {
    const out = new Uint8Array(11);
    out[0] = tag(3, 0);
    return out.subarray(0, writeVarint(out, 1, value));
  }
  const out = new Uint8Array(9);
  out[0] = tag(4, FIXED64);
  new DataView(out.buffer).setFloat64(1, value, true);
  return out;
}

/** proto3 leaves out an empty string, except inside a oneof. */
function stringField(field: number, value: string): Uint8Array {
  return bytesField(field, text.encode(value));
}

function bytesField(field: number, bytes: Uint8Array, evenEmpty = false): Uint8Array {
  if (bytes.length === 0 && !evenEmpty) return bytes;
  const out = new Uint8Array(1 + varintSize(bytes.length) + bytes.length);
  out[0] = tag(field, LENGTH_DELIMITED);
  out.set(bytes, writeVarint(out, 1, bytes.length));
  return out;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++;
  return size;
}

/** Returns the position after it. Whole numbers from 0 to 2^53 − 1. */
function writeVarint(out: Uint8Array, at: number, value: number): number {
  let position = at;
  let rest = value;
  while (rest >= 128) {
    out[position++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  out[position++] = rest;
  return position;
}
