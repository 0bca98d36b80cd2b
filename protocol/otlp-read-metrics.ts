import {
  nanosToMillis,
  OTLP_TEMPORALITIES,
  type OtlpBuckets,
  type OtlpData,
  type OtlpExponentialPoint,
  type OtlpHistogramPoint,
  type OtlpMetric,
  type OtlpNumberPoint,
  type OtlpResourceMetrics,
  type OtlpResult,
  type OtlpSummaryPoint,
  type OtlpTemporality,
} from "./otlp.ts";
import { readExemplar } from "./otlp-read-exemplar.ts";
import { field, readRequest } from "./otlp-read-request.ts";
import { readAttribute } from "./otlp-read-value.ts";
import { FIXED64, LENGTH, type StringCache, VARINT, type WireReader } from "./wire-reader.ts";

/**
 * Reads an ExportMetricsServiceRequest (collector/metrics/v1) in Protocol Buffers. Unknown fields are skipped.
 *
 * @param strings kept between calls, so that names and labels are the same objects in each request.
 */
export function readMetricsRequest(bytes: Uint8Array, strings: StringCache): OtlpResult<OtlpResourceMetrics[]> {
  const read = readRequest(bytes, strings, readMetric);
  if (read.status !== "read") return read;
  return { status: "read", value: read.value.map(({ resource, elements }) => ({ resource, metrics: elements })) };
}

function readMetric(reader: WireReader): OtlpMetric {
  let name = "";
  let description = "";
  let unit = "";
  let data: OtlpData = { kind: "none" };
  const outer = reader.enter();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === field(1, LENGTH)) name = reader.string();
    else if (tag === field(2, LENGTH)) description = reader.string();
    else if (tag === field(3, LENGTH)) unit = reader.string();
    else data = readData(reader, tag) ?? data;
  }
  reader.leave(outer);
  return { name, description, unit, ...data };
}

function readData(reader: WireReader, tag: number): OtlpData | null {
  switch (tag) {
    case field(5, LENGTH):
      return { kind: "gauge", points: readPoints(reader, readNumberPoint).points };
    case field(7, LENGTH):
      return { kind: "sum", ...readPoints(reader, readNumberPoint) };
    case field(9, LENGTH): {
      const { points, temporality } = readPoints(reader, readHistogramPoint);
      return { kind: "histogram", points, temporality };
    }
    case field(10, LENGTH): {
      const { points, temporality } = readPoints(reader, readExponentialPoint);
      return { kind: "exponentialHistogram", points, temporality };
    }
    case field(11, LENGTH):
      return { kind: "summary", points: readPoints(reader, readSummaryPoint).points };
    default:
      reader.skip(tag);
      return null;
  }
}

/** Gauge, Sum, Histogram, ExponentialHistogram and Summary number their fields alike. */
function readPoints<P>(
  reader: WireReader,
  readPoint: (reader: WireReader) => P,
): { points: P[]; temporality: OtlpTemporality; monotonic: boolean } {
  const points: P[] = [];
  let temporality: OtlpTemporality = "unspecified";
  let monotonic = false;
  const outer = reader.enter();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === field(1, LENGTH)) points.push(readPoint(reader));
    else if (tag === field(2, VARINT)) temporality = OTLP_TEMPORALITIES[reader.uint32()] ?? "unspecified";
    else if (tag === field(3, VARINT)) monotonic = reader.bool();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { points, temporality, monotonic };
}

function readNumberPoint(reader: WireReader): OtlpNumberPoint {
  const point: OtlpNumberPoint = { attributes: {}, startAt: 0, at: 0, noValue: false, value: 0 };
  const outer = reader.enter();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === field(7, LENGTH)) readAttribute(reader, point.attributes);
    else if (tag === field(2, FIXED64)) point.startAt = nanosToMillis(reader.fixed64());
    else if (tag === field(3, FIXED64)) point.at = nanosToMillis(reader.fixed64());
    else if (tag === field(4, FIXED64)) point.value = reader.double();
    else if (tag === field(6, FIXED64)) point.value = reader.sfixed64();
    else if (tag === field(5, LENGTH)) readExemplar(reader, point);
    else if (tag === field(8, VARINT)) point.noValue = (reader.uint32() & 1) === 1;
    else reader.skip(tag);
  }
  reader.leave(outer);
  return point;
}

function readHistogramPoint(reader: WireReader): OtlpHistogramPoint {
  const point: OtlpHistogramPoint = {
    attributes: {},
    startAt: 0,
    at: 0,
    noValue: false,
    count: 0,
    sum: null,
    bounds: [],
    counts: [],
  };
  const readFixed = (): number => reader.fixed64();
  const readDouble = (): number => reader.double();
  const outer = reader.enter();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === field(9, LENGTH)) readAttribute(reader, point.attributes);
    else if (tag === field(2, FIXED64)) point.startAt = nanosToMillis(reader.fixed64());
    else if (tag === field(3, FIXED64)) point.at = nanosToMillis(reader.fixed64());
    else if (tag === field(4, FIXED64)) point.count = reader.fixed64();
    else if (tag === field(5, FIXED64)) point.sum = reader.double();
    else if (tag === field(6, LENGTH)) reader.packed(8, readFixed, point.counts);
    else if (tag === field(6, FIXED64)) point.counts.push(reader.fixed64());
    else if (tag === field(7, LENGTH)) reader.packed(8, readDouble, point.bounds);
    else if (tag === field(7, FIXED64)) point.bounds.push(reader.double());
    else if (tag === field(8, LENGTH)) readExemplar(reader, point);
    else if (tag === field(10, VARINT)) point.noValue = (reader.uint32() & 1) === 1;
    else reader.skip(tag);
  }
  reader.leave(outer);
  return point;
}

function readExponentialPoint(reader: WireReader): OtlpExponentialPoint {
  const point: OtlpExponentialPoint = {
    attributes: {},
    startAt: 0,
    at: 0,
    noValue: false,
    count: 0,
    sum: null,
    scale: 0,
    zeroCount: 0,
    zeroThreshold: 0,
    positive: { offset: 0, counts: [] },
    negative: { offset: 0, counts: [] },
  };
  const outer = reader.enter();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === field(1, LENGTH)) readAttribute(reader, point.attributes);
    else if (tag === field(2, FIXED64)) point.startAt = nanosToMillis(reader.fixed64());
    else if (tag === field(3, FIXED64)) point.at = nanosToMillis(reader.fixed64());
    else if (tag === field(4, FIXED64)) point.count = reader.fixed64();
    else if (tag === field(5, FIXED64)) point.sum = reader.double();
    else if (tag === field(6, VARINT)) point.scale = reader.sint32();
    else if (tag === field(7, FIXED64)) point.zeroCount = reader.fixed64();
    else if (tag === field(8, LENGTH)) readBuckets(reader, point.positive);
    else if (tag === field(9, LENGTH)) readBuckets(reader, point.negative);
    else if (tag === field(10, VARINT)) point.noValue = (reader.uint32() & 1) === 1;
    else if (tag === field(11, LENGTH)) readExemplar(reader, point);
    else if (tag === field(14, FIXED64)) point.zeroThreshold = reader.double();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return point;
}

function readBuckets(reader: WireReader, buckets: OtlpBuckets): void {
  const readCount = (): number => reader.uint64();
  const outer = reader.enter();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === field(1, VARINT)) buckets.offset = reader.sint32();
    else if (tag === field(2, LENGTH)) reader.packed(0, readCount, buckets.counts);
    else if (tag === field(2, VARINT)) buckets.counts.push(reader.uint64());
    else reader.skip(tag);
  }
  reader.leave(outer);
}

function readSummaryPoint(reader: WireReader): OtlpSummaryPoint {
  const point: OtlpSummaryPoint = {
    attributes: {},
    startAt: 0,
    at: 0,
    noValue: false,
    count: 0,
    sum: 0,
    quantiles: [],
  };
  const outer = reader.enter();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === field(7, LENGTH)) readAttribute(reader, point.attributes);
    else if (tag === field(2, FIXED64)) point.startAt = nanosToMillis(reader.fixed64());
    else if (tag === field(3, FIXED64)) point.at = nanosToMillis(reader.fixed64());
    else if (tag === field(4, FIXED64)) point.count = reader.fixed64();
    else if (tag === field(5, FIXED64)) point.sum = reader.double();
    else if (tag === field(6, LENGTH)) point.quantiles.push(readQuantile(reader));
    else if (tag === field(8, VARINT)) point.noValue = (reader.uint32() & 1) === 1;
    else reader.skip(tag);
  }
  reader.leave(outer);
  return point;
}

function readQuantile(reader: WireReader): { quantile: number; value: number } {
  const pair = { quantile: 0, value: 0 };
  const outer = reader.enter();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === field(1, FIXED64)) pair.quantile = reader.double();
    else if (tag === field(2, FIXED64)) pair.value = reader.double();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return pair;
}
