import type { Exemplar } from "../../../protocol/sample.ts";
import { readExemplar } from "./exemplar-message.ts";
import { LENGTH, ProtobufFault, ProtobufReader, VARINT } from "./protobuf.ts";
import { readHistogram } from "./native-histogram.ts";
import { readSample, within } from "./sample-message.ts";
import { metricType, type MessageVisitor, type SeriesValues } from "./written-series.ts";

/** Most symbols in one message: a sender that batches a few thousand series has some thousand. */
const SYMBOLS_MAX = 1_000_000;

/**
 * Reads remote write 2.0, `io.prometheus.write.v2.Request`: symbols = 4, timeseries = 5. Strings stand once in the table
 * of symbols, and series refer to them. Throws `ProtobufFault` on bytes that are no such message.
 *
 * Field order is the sender's choice, so the symbols are collected first.
 *
 * @see prompb/io/prometheus/write/v2/types.proto of Prometheus
 */
export function readWriteRequest2(bytes: Buffer, visitor: MessageVisitor): void {
  const reader = new ProtobufReader(bytes);
  const end = bytes.length;
  const symbols = readSymbols(reader, end);
  const series = new SeriesReader(reader, symbols, visitor);
  reader.at = 0;
  while (reader.next(end)) {
    if (reader.field !== 5) reader.skip(end);
    else {
      reader.expect(LENGTH);
      series.read(reader.block(end));
    }
  }
}

function readSymbols(reader: ProtobufReader, end: number): string[] {
  const symbols: string[] = [];
  while (reader.next(end)) {
    if (reader.field !== 4) reader.skip(end);
    else {
      reader.expect(LENGTH);
      if (symbols.length >= SYMBOLS_MAX) throw new ProtobufFault(`more than ${SYMBOLS_MAX} symbols`);
      const symbol = reader.text(end);
      // It separates names and values in the key of a series.
      if (symbol.includes("\0")) throw new ProtobufFault("a symbol contains the character 0");
      symbols.push(symbol);
    }
  }
  if (symbols.length > 0 && symbols[0] !== "") throw new ProtobufFault("the first symbol must be empty");
  return symbols;
}

interface MetadataRefs {
  type: number;
  help: number;
  unit: number;
}

/** `TimeSeries`: labels_refs = 1, samples = 2, histograms = 3, exemplars = 4, metadata = 5. */
class SeriesReader {
  private readonly reader: ProtobufReader;
  private readonly symbols: readonly string[];
  private readonly visitor: MessageVisitor;
  private readonly values: SeriesValues = { samples: [], histograms: [], exemplars: [] };
  private readonly refs: number[] = [];
  /** Families whose metadata was told in this message. */
  private readonly told = new Set<string>();

  constructor(reader: ProtobufReader, symbols: readonly string[], visitor: MessageVisitor) {
    this.reader = reader;
    this.symbols = symbols;
    this.visitor = visitor;
  }

  read(end: number): void {
    const { reader, values, refs } = this;
    values.samples.length = 0;
    values.histograms.length = 0;
    values.exemplars.length = 0;
    refs.length = 0;
    let metadata: MetadataRefs | undefined;
    while (reader.next(end)) {
      switch (reader.field) {
        case 1:
          readRefs(reader, end, refs);
          break;
        case 2:
          values.samples.push(within(reader, end, readSample));
          break;
        case 3:
          values.histograms.push(within(reader, end, readHistogram));
          break;
        case 4:
          values.exemplars.push(within(reader, end, this.readExemplar));
          break;
        case 5:
          metadata = within(reader, end, readMetadata);
          break;
        default:
          reader.skip(end);
      }
    }
    const pairs = this.pairs();
    if (metadata !== undefined) this.tell(pairs, metadata);
    this.visitor.series(`2\0${pairs.join("\0")}`, () => pairs, values);
  }

  private readonly readExemplar = (reader: ProtobufReader, end: number): Exemplar =>
    readExemplar(reader, end, (inner, last, pairs) => {
      const refs: number[] = [];
      readRefs(inner, last, refs);
      for (const ref of refs) pairs.push(this.symbol(ref));
    });

  private pairs(): string[] {
    if (this.refs.length % 2 !== 0) throw new ProtobufFault("an odd number of label references");
    return this.refs.map((ref) => this.symbol(ref));
  }

  private symbol(ref: number): string {
    const symbol = this.symbols[ref];
    if (symbol === undefined) throw new ProtobufFault(`symbol ${ref} of ${this.symbols.length}`);
    return symbol;
  }

  /** Metadata stands at every series; it is told once a family and message. */
  private tell(pairs: readonly string[], refs: MetadataRefs): void {
    const name = pairs[pairs.indexOf("__name__") + 1];
    if (name === undefined || this.told.has(name)) return;
    this.told.add(name);
    const type = metricType(refs.type);
    const help = this.symbol(refs.help);
    if (type !== "unknown" || help !== "") this.visitor.metadata(name, { type, help, unit: this.symbol(refs.unit) });
  }
}

/** Packed, as proto3 writes repeated numbers, or one by one. */
function readRefs(reader: ProtobufReader, end: number, refs: number[]): void {
  if (reader.wireType === VARINT) {
    refs.push(reader.varint());
    return;
  }
  reader.expect(LENGTH);
  const last = reader.block(end);
  while (reader.at < last) refs.push(reader.varint());
  if (reader.at !== last) throw new ProtobufFault("a reference is cut off");
}

/** `Metadata`: type = 1, help_ref = 3, unit_ref = 4. */
function readMetadata(reader: ProtobufReader, end: number): MetadataRefs {
  const refs: MetadataRefs = { type: 0, help: 0, unit: 0 };
  while (reader.next(end)) {
    if (reader.wireType !== VARINT) reader.skip(end);
    else if (reader.field === 1) refs.type = reader.varint();
    else if (reader.field === 3) refs.help = reader.varint();
    else if (reader.field === 4) refs.unit = reader.varint();
    else reader.skip(end);
  }
  return refs;
}
