import type { Exemplar } from "../../../protocol/sample.ts";
import { readExemplar } from "./exemplar-message.ts";
import { LENGTH, ProtobufReader, VARINT } from "./protobuf.ts";
import { readHistogram } from "./native-histogram.ts";
import { readSample, within } from "./sample-message.ts";
import { metricType, type MessageVisitor, type Metadata, type SeriesValues } from "./written-series.ts";

/**
 * Reads remote write 1.0, `prometheus.WriteRequest`: timeseries = 1, metadata = 3. Throws `ProtobufFault` on bytes that
 * are no such message; what was visited before stays visited.
 *
 * The labels of a series are looked at only where their bytes were not seen before: that is most of the work.
 *
 * @see prompb/remote.proto and prompb/types.proto of Prometheus
 */
export function readWriteRequest1(bytes: Buffer, visitor: MessageVisitor): void {
  const reader = new ProtobufReader(bytes);
  const values: SeriesValues = { samples: [], histograms: [], exemplars: [] };
  const end = bytes.length;
  while (reader.next(end)) {
    if (reader.field === 1) {
      reader.expect(LENGTH);
      readSeries(reader, reader.block(end), values, visitor);
    } else if (reader.field === 3) {
      const { family, metadata } = within(reader, end, readMetadata);
      visitor.metadata(family, metadata);
    } else reader.skip(end);
  }
}

/** `TimeSeries`: labels = 1, samples = 2, exemplars = 3, histograms = 4. */
function readSeries(reader: ProtobufReader, end: number, values: SeriesValues, visitor: MessageVisitor): void {
  values.samples.length = 0;
  values.histograms.length = 0;
  values.exemplars.length = 0;
  const start = reader.at;
  let labelsEnd = start;
  let keyStart = start;
  while (reader.next(end)) {
    switch (reader.field) {
      case 1:
        reader.expect(LENGTH);
        reader.at = reader.block(end);
        labelsEnd = reader.at;
        break;
      case 2:
        values.samples.push(within(reader, end, readSample));
        break;
      case 3:
        values.exemplars.push(within(reader, end, readLabelled));
        break;
      case 4:
        values.histograms.push(within(reader, end, readHistogram));
        break;
      default:
        reader.skip(end);
    }
    // Labels come first; should they not, the key holds whatever stands between them, and only recognises less.
    if (labelsEnd === start) keyStart = reader.at;
  }
  const key = reader.bytes.toString("latin1", keyStart, Math.max(keyStart, labelsEnd));
  visitor.series(key, () => readLabels(new ProtobufReader(reader.bytes), keyStart, labelsEnd), values);
}

/** All `Label` messages between two positions; whatever else stands there is passed over. */
function readLabels(reader: ProtobufReader, start: number, end: number): string[] {
  const pairs: string[] = [];
  reader.at = start;
  while (reader.next(end)) {
    if (reader.field === 1) pairs.push(...within(reader, end, readLabel));
    else reader.skip(end);
  }
  return pairs;
}

const readLabelled = (reader: ProtobufReader, end: number): Exemplar =>
  readExemplar(reader, end, (inner, last, pairs) => void pairs.push(...within(inner, last, readLabel)));

/** `Label`: name = 1, value = 2. */
function readLabel(reader: ProtobufReader, end: number): [name: string, value: string] {
  let name = "";
  let value = "";
  while (reader.next(end)) {
    if (reader.field === 1 && reader.wireType === LENGTH) name = reader.text(end);
    else if (reader.field === 2 && reader.wireType === LENGTH) value = reader.text(end);
    else reader.skip(end);
  }
  return [name, value];
}

/** `MetricMetadata`: type = 1, metric_family_name = 2, help = 4, unit = 5. */
function readMetadata(reader: ProtobufReader, end: number): { family: string; metadata: Metadata } {
  const metadata: Metadata = { type: "unknown", help: "", unit: "" };
  let family = "";
  while (reader.next(end)) {
    if (reader.field === 1 && reader.wireType === VARINT) metadata.type = metricType(reader.varint());
    else if (reader.field === 2 && reader.wireType === LENGTH) family = reader.text(end);
    else if (reader.field === 4 && reader.wireType === LENGTH) metadata.help = reader.text(end);
    else if (reader.field === 5 && reader.wireType === LENGTH) metadata.unit = reader.text(end);
    else reader.skip(end);
  }
  return { family, metadata };
}
