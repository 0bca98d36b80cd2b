import { BUCKETS_MAX, explicitBuckets } from "../exponential-buckets.ts";
import { FIXED64, LENGTH, ProtobufFault, type ProtobufReader, VARINT } from "./protobuf.ts";
import { isStaleMarker, type WrittenHistogram } from "./written-series.ts";

/** Schema of histograms whose bounds the sender chose (`custom_values`). */
const CUSTOM = -53;
const SCHEMA_MIN = -9;
const SCHEMA_MAX = 52;
/** Buckets between the first and the last, the empty ones too: an honest histogram has some hundred. */
const WIDTH_MAX = 10_000;

/** A side of the histogram as it was sent: spans of buckets, and either deltas of counts or counts. */
interface Side {
  spans: { offset: number; length: number }[];
  deltas: number[];
  counts: number[];
}

interface Parts extends WrittenHistogram {
  schema: number;
  zeroThreshold: number;
  zeroCount: number;
  negative: Side;
  positive: Side;
  customValues: number[];
  isGauge: boolean;
}

/**
 * `Histogram` of both versions of the protocol, merged to at most forty classic buckets, so that rules and quantiles work on
 * it as on any other. A gauge histogram keeps `_count` and `_sum` alone, since its buckets go up and down, and so does one
 * of a schema that is not known or with more buckets than can be true.
 *
 * @see prompb/types.proto of Prometheus; prometheus.io/docs/specs/native_histograms
 */
export function readHistogram(reader: ProtobufReader, end: number): WrittenHistogram {
  const parts: Parts = {
    count: 0,
    sum: 0,
    at: 0,
    stale: false,
    buckets: [],
    schema: 0,
    zeroThreshold: 0,
    zeroCount: 0,
    negative: { spans: [], deltas: [], counts: [] },
    positive: { spans: [], deltas: [], counts: [] },
    customValues: [],
    isGauge: false,
  };
  while (reader.next(end)) readField(reader, end, parts);
  const { count, sum, at, stale } = parts;
  return { count, sum, at, stale, buckets: stale || parts.isGauge ? [] : bucketsOf(parts) };
}

function readField(reader: ProtobufReader, end: number, parts: Parts): void {
  const { field, wireType } = reader;
  if (wireType === FIXED64) {
    if (reader.at + 8 > end) throw new ProtobufFault("a value is cut off");
    if (field === 2) parts.count = reader.double();
    else if (field === 3) {
      parts.stale = isStaleMarker(reader.bytes, reader.at);
      parts.sum = reader.double();
    } else if (field === 5) parts.zeroThreshold = reader.double();
    else if (field === 7) parts.zeroCount = reader.double();
    else reader.skip(end);
  } else if (wireType === VARINT) {
    if (field === 1) parts.count = reader.varint();
    else if (field === 4) parts.schema = unzigzag(reader.varint());
    else if (field === 6) parts.zeroCount = reader.varint();
    else if (field === 14) parts.isGauge = reader.varint() === 3;
    else if (field === 15) parts.at = reader.int64();
    else reader.skip(end);
  } else if (wireType === LENGTH) readBlock(reader, end, parts);
  else reader.skip(end);
}

function readBlock(reader: ProtobufReader, end: number, parts: Parts): void {
  const { negative, positive, customValues } = parts;
  switch (reader.field) {
    case 8:
      return readSpan(reader, end, negative);
    case 9:
      return packed(reader, end, negative.deltas, () => unzigzag(reader.varint()));
    case 10:
      return packed(reader, end, negative.counts, () => reader.double());
    case 11:
      return readSpan(reader, end, positive);
    case 12:
      return packed(reader, end, positive.deltas, () => unzigzag(reader.varint()));
    case 13:
      return packed(reader, end, positive.counts, () => reader.double());
    case 16:
      return packed(reader, end, customValues, () => reader.double());
    default:
      return reader.skip(end);
  }
}

/** `BucketSpan`: offset = 1 (sint32), length = 2. */
function readSpan(reader: ProtobufReader, end: number, { spans }: Side): void {
  const last = reader.block(end);
  const span = { offset: 0, length: 0 };
  while (reader.next(last)) {
    if (reader.field === 1 && reader.wireType === VARINT) span.offset = unzigzag(reader.varint());
    else if (reader.field === 2 && reader.wireType === VARINT) span.length = reader.varint();
    else reader.skip(last);
  }
  reader.at = last;
  if (spans.length >= WIDTH_MAX) throw new ProtobufFault("a histogram has too many spans");
  spans.push(span);
}

function packed(reader: ProtobufReader, end: number, list: number[], read: () => number): void {
  const last = reader.block(end);
  while (reader.at < last) {
    if (list.length >= WIDTH_MAX) throw new ProtobufFault("a histogram has too many buckets");
    list.push(read());
  }
  if (reader.at !== last) throw new ProtobufFault("a number is cut off");
}

/** Of the ZigZag encoding; beyond 2^53 it loses precision, as `varint` does. */
const unzigzag = (value: number): number => (value % 2 === 0 ? value / 2 : -(value + 1) / 2);

function bucketsOf(parts: Parts): [bound: number, count: number][] {
  const { schema, zeroCount, zeroThreshold } = parts;
  const positive = dense(parts.positive);
  const negative = dense(parts.negative);
  if (positive === null || negative === null) return [];
  if (schema === CUSTOM) return customBuckets(positive, parts.customValues);
  if (schema < SCHEMA_MIN || schema > SCHEMA_MAX) return [];
  // Prometheus numbers a bucket by its upper bound, OpenTelemetry by its lower one.
  const shifted = (side: { offset: number; counts: number[] }) => ({ ...side, offset: side.offset - 1 });
  const point = { scale: schema, zeroCount, zeroThreshold, positive: shifted(positive), negative: shifted(negative) };
  return explicitBuckets(point) ?? [];
}

/** The buckets one beside the other, with the empty ones between the spans; null where there are too many to be true. */
function dense({ spans, deltas, counts }: Side): { offset: number; counts: number[] } | null {
  const list: number[] = [];
  const start = spans[0]?.offset ?? 0;
  let taken = 0;
  let count = 0;
  for (const [index, { offset, length }] of spans.entries()) {
    const gap = index === 0 ? 0 : offset;
    if (gap < 0 || list.length + gap + length > WIDTH_MAX) return null;
    for (let empty = 0; empty < gap; empty += 1) list.push(0);
    for (let bucket = 0; bucket < length; bucket += 1) {
      count = deltas.length > 0 ? count + (deltas[taken] ?? 0) : (counts[taken] ?? 0);
      list.push(Math.max(0, count));
      taken += 1;
    }
  }
  return { offset: start, counts: list };
}

/** The first forty bounds that the sender chose; what lies above the last is in `_count`. */
function customBuckets(
  { offset, counts }: { offset: number; counts: number[] },
  bounds: readonly number[],
): [bound: number, count: number][] {
  const buckets: [number, number][] = [];
  let total = 0;
  for (const [index, bound] of bounds.entries()) {
    total += counts[index - offset] ?? 0;
    if (Number.isFinite(bound)) buckets.push([bound, total]);
  }
  const step = Math.ceil(buckets.length / BUCKETS_MAX);
  return buckets.filter((_, index) => (buckets.length - 1 - index) % Math.max(1, step) === 0);
}
