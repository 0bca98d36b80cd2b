import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { OtlpData, OtlpExponentialPoint, OtlpMetric } from "../../../protocol/otlp.ts";
import { BUCKETS_MAX, explicitBuckets } from "../exponential-buckets.ts";
import { findCi, shownLabels } from "./find-ci.ts";
import { flatten, type Flattened, nothingYet } from "./flatten.ts";

const point = { attributes: { a: "1" }, startAt: 0, at: 5, noValue: false };

function flat(data: OtlpData, more: Partial<OtlpMetric> = {}): Flattened {
  const into = nothingYet();
  flatten({ name: "m", description: "", unit: "s", ...data, ...more } as OtlpMetric, into);
  return into;
}

/** `name{label=value}value`, as short as a table needs. */
const short = (samples: Flattened["cumulative"]): string[] =>
  samples.map(({ name, labels, value, type }) => {
    const { a: _, ...others } = labels;
    return `${type[0]} ${name}${JSON.stringify(Object.values(others)).replace("[]", "")} ${value}`;
  });

test.for<[situation: string, data: OtlpData, cumulative: string[], delta: string[], faults: object]>([
  ["a gauge", { kind: "gauge", points: [{ ...point, value: 1.5 }] }, ["g m 1.5"], [], {}],
  [
    "a cumulative sum",
    { kind: "sum", temporality: "cumulative", monotonic: true, points: [{ ...point, value: 7 }] },
    ["c m 7"],
    [],
    {},
  ],
  [
    "a sum that can fall is a gauge",
    { kind: "sum", temporality: "cumulative", monotonic: false, points: [{ ...point, value: -7 }] },
    ["g m -7"],
    [],
    {},
  ],
  [
    "a delta sum",
    { kind: "sum", temporality: "delta", monotonic: true, points: [{ ...point, value: 7 }] },
    [],
    ["c m 7"],
    {},
  ],
  [
    "a delta sum that can fall has no meaning to us",
    { kind: "sum", temporality: "delta", monotonic: false, points: [{ ...point, value: 7 }] },
    [],
    [],
    { deltaGauge: 1 },
  ],
  ["not a number", { kind: "gauge", points: [{ ...point, value: Number.NaN }] }, [], [], { notANumber: 1 }],
  ["the end of a series", { kind: "gauge", points: [{ ...point, noValue: true, value: 0 }] }, ["g m NaN"], [], {}],
  [
    "a histogram with an attribute le of its own",
    {
      kind: "histogram",
      temporality: "cumulative",
      points: [{ ...point, attributes: { le: "7" }, count: 3, sum: 9.5, bounds: [0.5], counts: [1, 2] }],
    },
    ['c m_bucket["7","0.5"] 1', 'c m_bucket["7","+Inf"] 3', 'c m_sum["7"] 9.5', 'c m_count["7"] 3'],
    [],
    {},
  ],
  [
    "a histogram: counts become cumulative",
    {
      kind: "histogram",
      temporality: "cumulative",
      points: [{ ...point, count: 6, sum: 9.5, bounds: [0.5, 1], counts: [1, 2, 3] }],
    },
    ['c m_bucket["0.5"] 1', 'c m_bucket["1"] 3', 'c m_bucket["+Inf"] 6', "c m_sum 9.5", "c m_count 6"],
    [],
    {},
  ],
  [
    "a delta histogram without sum and buckets",
    { kind: "histogram", temporality: "delta", points: [{ ...point, count: 6, sum: null, bounds: [], counts: [] }] },
    [],
    ['c m_bucket["+Inf"] 6', "c m_count 6"],
    {},
  ],
  [
    "bounds and counts that do not fit",
    {
      kind: "histogram",
      temporality: "cumulative",
      points: [{ ...point, count: 6, sum: 1, bounds: [1, 2], counts: [1, 2] }],
    },
    [],
    [],
    { badHistogram: 1 },
  ],
  [
    "bounds that fall",
    {
      kind: "histogram",
      temporality: "cumulative",
      points: [{ ...point, count: 6, sum: 1, bounds: [2, 1], counts: [1, 2, 3] }],
    },
    [],
    [],
    { badHistogram: 1 },
  ],
  [
    "a summary",
    {
      kind: "summary",
      points: [
        {
          ...point,
          count: 2,
          sum: 3,
          quantiles: [
            { quantile: 0.5, value: 1 },
            { quantile: 0.99, value: Number.NaN },
          ],
        },
      ],
    },
    ['g m["0.5"] 1', "c m_sum 3", "c m_count 2"],
    [],
    {},
  ],
  ["nothing that we know", { kind: "none" }, [], [], { noData: 1 }],
])("%s", ([, data, cumulative, delta, faults]) => {
  const into = flat(data);
  expect([short(into.cumulative), short(into.delta), into.faults]).toEqual([cumulative, delta, faults]);
});

test("a metric without a name is refused; its help goes to every part", () => {
  expect(flat({ kind: "gauge", points: [{ ...point, value: 1 }] }, { name: "" }).faults).toEqual({ noName: 1 });
  expect([...flat({ kind: "gauge", points: [] }, { description: "Help." }).help.keys()]).toEqual([
    "m",
    "m_bucket",
    "m_sum",
    "m_count",
  ]);
});

const exponential = (more: Partial<OtlpExponentialPoint>): OtlpExponentialPoint => ({
  ...point,
  count: 0,
  sum: 0,
  scale: 0,
  zeroCount: 0,
  zeroThreshold: 0,
  positive: { offset: 0, counts: [] },
  negative: { offset: 0, counts: [] },
  ...more,
});

test.for<[situation: string, more: Partial<OtlpExponentialPoint>, expected: [number, number][]]>([
  ["nothing", {}, []],
  [
    "powers of two",
    { positive: { offset: -1, counts: [1, 2, 3] } },
    [
      [1, 1],
      [2, 3],
      [4, 6],
    ],
  ],
  ["empty ends are left out", { positive: { offset: 0, counts: [0, 0, 5, 0] } }, [[8, 5]]],
  [
    "zeros",
    { zeroCount: 4, positive: { offset: 0, counts: [1] } },
    [
      [0, 4],
      [2, 5],
    ],
  ],
  [
    "negative values: the largest magnitude first",
    { negative: { offset: 0, counts: [1, 2] }, zeroCount: 1, positive: { offset: 0, counts: [1] } },
    [
      [-2, 2],
      [-1, 3],
      [0, 4],
      [2, 5],
    ],
  ],
  ["a fine scale is merged", { scale: 3, positive: { offset: 0, counts: [1, 1, 1, 1] } }, [[Math.SQRT2, 4]]],
])("an exponential histogram: %s", ([, more, expected]) => {
  expect(explicitBuckets(exponential(more))).toEqual(expected);
});

test("merging loses no count, keeps bounds ascending and stays within its limit", () => {
  const counts = fc.array(fc.nat({ max: 1000 }), { maxLength: 160 });
  const buckets = fc.record({ offset: fc.integer({ min: -2000, max: 2000 }), counts });
  fc.assert(
    fc.property(
      fc.integer({ min: -11, max: 20 }),
      buckets,
      buckets,
      fc.nat({ max: 100 }),
      (scale, positive, negative, zeroCount) => {
        const total = [...positive.counts, ...negative.counts].reduce((sum, count) => sum + count, zeroCount);
        const result = explicitBuckets(exponential({ scale, positive, negative, zeroCount }))!;
        expect(result.length).toBeLessThanOrEqual(BUCKETS_MAX + 2);
        for (const [index, [bound, count]] of result.entries()) {
          if (index === 0) continue;
          expect(bound).toBeGreaterThanOrEqual(result[index - 1]![0]);
          expect(count).toBeGreaterThanOrEqual(result[index - 1]![1]);
        }
        // What lies beyond the largest double is in +Inf alone.
        expect(result.at(-1)?.[1] ?? 0).toBeLessThanOrEqual(total);
      },
    ),
  );
});

test.for<[situation: string, resource: Record<string, string>, ci: string | null]>([
  ["our own attribute decides", { "tocsin.ci": "x", "host.name": "known-host" }, "x"],
  ["a service that the CMDB knows", { "service.name": "shop", "host.name": "known-host" }, "shop"],
  [
    "a service that it does not know, on a host that it does",
    { "service.name": "other", "host.name": "known-host" },
    "known-host",
  ],
  ["nothing known: the host", { "service.name": "other", "host.name": "h", "k8s.pod.name": "p" }, "h"],
  ["a pod without a host", { "k8s.pod.name": "p", "service.name": "s" }, "p"],
  ["only a service", { "service.name": "my.service" }, "my.service"],
  ["nothing", { "telemetry.sdk.name": "x" }, null],
  ["an empty name", { "host.name": "", "service.name": "s" }, "s"],
])("the CI of a resource: %s", ([, resource, ci]) => {
  expect(findCi(resource, (name) => ["shop", "known-host"].includes(name))).toBe(ci);
});

test("labels that tell services apart are shown, others are not", () => {
  expect(shownLabels({ "service.name": "shop", "k8s.pod.name": "", "process.pid": "7" })).toEqual({
    "service.name": "shop",
  });
});

test("a point's own label of the name of ours is told as exported", () => {
  const attributes = { le: "7", quantile: "8" };
  const histogram = { ...point, attributes, count: 3, sum: null, bounds: [], counts: [3] };
  const summary = { ...point, attributes, count: 3, sum: Number.NaN, quantiles: [{ quantile: 0.5, value: 1 }] };
  const both = [
    ...flat({ kind: "histogram", temporality: "cumulative", points: [histogram] }).cumulative,
    ...flat({ kind: "summary", points: [summary] }).cumulative,
  ];
  expect(both.map(({ name, labels }) => [name, labels])).toEqual([
    ["m_bucket", { exported_le: "7", quantile: "8", le: "+Inf" }],
    ["m_count", { exported_le: "7", quantile: "8" }],
    ["m", { exported_quantile: "8", le: "7", quantile: "0.5" }],
    ["m_count", { exported_quantile: "8", le: "7" }],
  ]);
});

test("buckets never fall, whatever the count says, and bounds always rise", () => {
  const histogram = { ...point, attributes: {}, count: 2, sum: null, bounds: [1], counts: [2, 3] };
  const zeroes = { zeroCount: 4, zeroThreshold: 5 };
  const side = { offset: 0, counts: [1, 1] };
  const none = { offset: 0, counts: [] };
  const exponential = {
    ...point,
    attributes: {},
    count: 1,
    sum: null,
    scale: 0,
    ...zeroes,
    positive: side,
    negative: none,
  };
  const parts = (data: OtlpData): unknown[] =>
    flat(data).cumulative.map(({ name, labels, value }) => [name + (labels["le"] ?? ""), value]);
  expect(parts({ kind: "histogram", temporality: "cumulative", points: [histogram] })).toEqual([
    ["m_bucket1", 2],
    ["m_bucket+Inf", 5],
    ["m_count", 5],
  ]);
  expect(parts({ kind: "exponentialHistogram", temporality: "cumulative", points: [exponential] })).toEqual([
    ["m_bucket5", 4],
    ["m_bucket+Inf", 6],
    ["m_count", 6],
  ]);
});
