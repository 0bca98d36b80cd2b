import {
  EXEMPLARS_MAX,
  OTLP_TEMPORALITIES,
  type OtlpBuckets,
  type OtlpData,
  type OtlpExemplar,
  type OtlpExponentialPoint,
  type OtlpHistogramPoint,
  type OtlpLogRecord,
  type OtlpMalformed,
  type OtlpMetric,
  type OtlpNumberPoint,
  type OtlpResourceLogs,
  type OtlpResourceMetrics,
  type OtlpResult,
  type OtlpSummaryPoint,
  type OtlpTemporality,
} from "./otlp.ts";
import {
  anyValueText,
  asObject,
  attributesOf,
  boolField,
  countField,
  integerField,
  JsonFault,
  type JsonObject,
  listField,
  nanosField,
  nonNegative,
  numberField,
  numberOf,
  objectField,
  textField,
} from "./otlp-json-value.ts";

/** Reads each element by itself: one that cannot be read is counted, and sinks no other. */
class Elements {
  private count = 0;
  private message = "";

  read<T>(list: readonly unknown[], read: (item: unknown) => T): T[] {
    const found: T[] = [];
    for (const item of list) {
      try {
        found.push(read(item));
      } catch (error) {
        if (!(error instanceof JsonFault)) throw error;
        if (this.count === 0) this.message = error.message;
        this.count += 1;
      }
    }
    return found;
  }

  get malformed(): { malformed?: OtlpMalformed } {
    const { count, message } = this;
    return count === 0 ? {} : { malformed: { count, message } };
  }
}

/**
 * Reads an ExportMetricsServiceRequest from parsed JSON: camelCase keys, 64-bit integers as text or numbers, unknown keys pass.
 * A metric or data point that cannot be read is left out and counted; a wrong shape above them is the request's.
 */
export function metricsFromJson(body: unknown): OtlpResult<OtlpResourceMetrics[]> {
  return guarded(() =>
    listField(asObject(body, "the body"), "resourceMetrics").map((item) => {
      const entry = asObject(item, "resourceMetrics");
      const elements = new Elements();
      const resource = attributesOf(listField(objectField(entry, "resource"), "attributes"));
      const metrics = listField(entry, "scopeMetrics").flatMap((scope) =>
        elements.read(listField(asObject(scope, "scopeMetrics"), "metrics"), (each) => metric(each, elements)),
      );
      return { resource, metrics, ...elements.malformed };
    }),
  );
}

/** Reads an ExportLogsServiceRequest from parsed JSON. */
export function logsFromJson(body: unknown): OtlpResult<OtlpResourceLogs[]> {
  return guarded(() =>
    listField(asObject(body, "the body"), "resourceLogs").map((item) => {
      const entry = asObject(item, "resourceLogs");
      const elements = new Elements();
      const resource = attributesOf(listField(objectField(entry, "resource"), "attributes"));
      const records = listField(entry, "scopeLogs").flatMap((scope) =>
        elements.read(listField(asObject(scope, "scopeLogs"), "logRecords"), logRecord),
      );
      return { resource, records, ...elements.malformed };
    }),
  );
}

function guarded<T>(read: () => T): OtlpResult<T> {
  try {
    return { status: "read", value: read() };
  } catch (error) {
    if (error instanceof JsonFault) return { status: "malformed", message: error.message };
    throw error;
  }
}

function metric(value: unknown, elements: Elements): OtlpMetric {
  const object = asObject(value, "metrics");
  return {
    name: textField(object, "name"),
    description: textField(object, "description"),
    unit: textField(object, "unit"),
    ...data(object, elements),
  };
}

function data(object: JsonObject, elements: Elements): OtlpData {
  const points = <P>(key: string, point: (object: JsonObject) => P): P[] =>
    elements.read(listField(objectField(object, key), "dataPoints"), (item) => point(asObject(item, "dataPoints")));
  const order = (key: string): OtlpTemporality => temporality(objectField(object, key)["aggregationTemporality"]);
  if (object["gauge"] !== undefined) return { kind: "gauge", points: points("gauge", numberPoint) };
  if (object["sum"] !== undefined)
    return {
      kind: "sum",
      points: points("sum", numberPoint),
      temporality: order("sum"),
      monotonic: boolField(objectField(object, "sum"), "isMonotonic"),
    };
  if (object["histogram"] !== undefined)
    return { kind: "histogram", points: points("histogram", histogramPoint), temporality: order("histogram") };
  if (object["exponentialHistogram"] !== undefined)
    return {
      kind: "exponentialHistogram",
      points: points("exponentialHistogram", exponentialPoint),
      temporality: order("exponentialHistogram"),
    };
  if (object["summary"] !== undefined) return { kind: "summary", points: points("summary", summaryPoint) };
  return { kind: "none" };
}

/** Senders write the number, as OTLP says, or the enumerator's name, as Protocol Buffers' JSON mapping does. */
function temporality(value: unknown): OtlpTemporality {
  if (typeof value === "number") return OTLP_TEMPORALITIES[value] ?? "unspecified";
  if (value === "AGGREGATION_TEMPORALITY_DELTA") return "delta";
  return value === "AGGREGATION_TEMPORALITY_CUMULATIVE" ? "cumulative" : "unspecified";
}

const common = (object: JsonObject) => ({
  attributes: attributesOf(listField(object, "attributes")),
  startAt: nanosField(object, "startTimeUnixNano"),
  at: nanosField(object, "timeUnixNano"),
  noValue: (integerField(object, "flags") & 1) === 1,
  ...exemplarsOf(object),
});

function exemplarsOf(object: JsonObject): { exemplars?: OtlpExemplar[] } {
  const list = listField(object, "exemplars");
  if (list.length === 0) return {};
  return { exemplars: list.slice(0, EXEMPLARS_MAX).map((item) => exemplar(asObject(item, "exemplars"))) };
}

function exemplar(object: JsonObject): OtlpExemplar {
  const id = (key: string): string => {
    const text = textField(object, key).toLowerCase();
    return /^[0-9a-f]{0,32}$/.test(text) ? text : "";
  };
  return {
    at: nanosField(object, "timeUnixNano"),
    value: object["asDouble"] === undefined ? integerField(object, "asInt") : numberOf(object["asDouble"], "asDouble"),
    traceId: id("traceId"),
    spanId: id("spanId"),
    attributes: attributesOf(listField(object, "filteredAttributes")),
  };
}

function numberPoint(object: JsonObject): OtlpNumberPoint {
  const value =
    object["asDouble"] === undefined ? integerField(object, "asInt") : numberOf(object["asDouble"], "asDouble");
  return { ...common(object), value };
}

function histogramPoint(object: JsonObject): OtlpHistogramPoint {
  return {
    ...common(object),
    count: countField(object, "count"),
    sum: optionalNumber(object, "sum"),
    bounds: listField(object, "explicitBounds").map((item) => numberOf(item, "explicitBounds")),
    counts: counts(object),
  };
}

function exponentialPoint(object: JsonObject): OtlpExponentialPoint {
  return {
    ...common(object),
    count: countField(object, "count"),
    sum: optionalNumber(object, "sum"),
    scale: integerField(object, "scale"),
    zeroCount: countField(object, "zeroCount"),
    zeroThreshold: numberField(object, "zeroThreshold"),
    positive: buckets(objectField(object, "positive")),
    negative: buckets(objectField(object, "negative")),
  };
}

const buckets = (object: JsonObject): OtlpBuckets => ({
  offset: integerField(object, "offset"),
  counts: counts(object),
});

const counts = (object: JsonObject): number[] =>
  listField(object, "bucketCounts").map((item) => nonNegative(numberOf(item, "bucketCounts"), "bucketCounts"));

const optionalNumber = (object: JsonObject, key: string): number | null =>
  object[key] === undefined || object[key] === null ? null : numberOf(object[key], key);

function summaryPoint(object: JsonObject): OtlpSummaryPoint {
  return {
    ...common(object),
    count: countField(object, "count"),
    sum: numberField(object, "sum"),
    quantiles: listField(object, "quantileValues").map((item) => {
      const pair = asObject(item, "quantileValues");
      return { quantile: numberField(pair, "quantile"), value: numberField(pair, "value") };
    }),
  };
}

function logRecord(value: unknown): OtlpLogRecord {
  const object = asObject(value, "logRecords");
  return {
    at: nanosField(object, "timeUnixNano"),
    observedAt: nanosField(object, "observedTimeUnixNano"),
    severityNumber: integerField(object, "severityNumber"),
    severityText: textField(object, "severityText"),
    body: anyValueText(object["body"]),
    attributes: attributesOf(listField(object, "attributes")),
    eventName: textField(object, "eventName"),
  };
}
