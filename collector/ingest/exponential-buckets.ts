import type { OtlpBuckets, OtlpExponentialPoint } from "../../protocol/otlp.ts";

/** Buckets that an exponential histogram keeps: enough for quantiles, few enough to be series. */
export const BUCKETS_MAX = 40;
/** Finer scales are merged down to it: two buckets for each doubling, the same bounds in each report. */
const SCALE_MAX = 1;
/** Coarsest scale of the data model: one bucket spans more than all doubles. */
const SCALE_MIN = -11;

/** What an exponential histogram is beside its count, sum and time. */
type ExponentialShape = Pick<OtlpExponentialPoint, "scale" | "zeroCount" | "zeroThreshold" | "positive" | "negative">;

/**
 * The buckets as upper bounds with cumulative counts, ascending, without +Inf. Merged to a scale at which all values lie in
 * at most 40 buckets (a bucket of scale s is half of one of scale s-1, so merging loses no count). null for one whose counts
 * are too many to be true.
 *
 * @see opentelemetry.io/docs/specs/otel/metrics/data-model, "ExponentialHistogram"
 */
export function explicitBuckets(point: ExponentialShape): [bound: number, count: number][] | null {
  const { positive, negative } = point;
  if (positive.counts.length > 10_000 || negative.counts.length > 10_000) return null;
  let scale = Math.min(Math.max(point.scale, -100), 100);
  let up = trimmed(positive);
  let down = trimmed(negative);
  while (scale > SCALE_MIN && (scale > SCALE_MAX || width(up) + width(down) > BUCKETS_MAX)) {
    up = merged(up);
    down = merged(down);
    scale -= 1;
  }
  const base = 2 ** (2 ** -scale);
  const buckets: [number, number][] = [];
  let total = 0;
  const add = (bound: number, count: number): void => {
    total += count;
    if (Number.isFinite(bound)) buckets.push([bound, total]);
  };
  // The largest magnitude is the smallest value. A bucket (base^i, base^(i+1)] of magnitudes ends at -base^i.
  for (let index = down.counts.length - 1; index >= 0; index--)
    add(-(base ** (down.offset + index)), down.counts[index]!);
  if (point.zeroCount > 0 || down.counts.length > 0) add(Math.max(0, point.zeroThreshold), point.zeroCount);
  for (const [index, count] of up.counts.entries()) add(base ** (up.offset + index + 1), count);
  return buckets;
}

const width = (buckets: OtlpBuckets): number => buckets.counts.length;

/** Without empty buckets at the ends. */
function trimmed({ offset, counts }: OtlpBuckets): OtlpBuckets {
  let from = 0;
  let to = counts.length;
  while (from < to && counts[from] === 0) from += 1;
  while (to > from && counts[to - 1] === 0) to -= 1;
  return { offset: offset + from, counts: counts.slice(from, to) };
}

/** Each two buckets as one: index i becomes floor(i / 2). */
function merged({ offset, counts }: OtlpBuckets): OtlpBuckets {
  if (counts.length === 0) return { offset: 0, counts };
  const first = Math.floor(offset / 2);
  const result: number[] = [];
  for (const [index, count] of counts.entries()) {
    const at = Math.floor((offset + index) / 2) - first;
    result[at] = (result[at] ?? 0) + count;
  }
  return { offset: first, counts: result };
}
