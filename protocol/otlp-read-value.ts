import { OTLP_DEPTH_MAX, type OtlpAttributes, type OtlpValue, valueText } from "./otlp.ts";
import { FIXED64, LENGTH, VARINT, WireFault, type WireReader } from "./wire-reader.ts";

/** Reads one KeyValue (common/v1) into `attributes`. The key `__proto__` is left out: no sender means it. */
export function readAttribute(reader: WireReader, attributes: OtlpAttributes): void {
  const outer = reader.enter();
  let key = "";
  let text = "";
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === KEY) key = reader.string();
    else if (tag === VALUE) text = readValueText(reader);
    else reader.skip(tag);
  }
  reader.leave(outer);
  if (key !== "__proto__") attributes[key] = text;
}

/** Reads a message whose field 1 is a list of attributes: a Resource. */
export function readResource(reader: WireReader): OtlpAttributes {
  const attributes: OtlpAttributes = {};
  const outer = reader.enter();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === ATTRIBUTES) readAttribute(reader, attributes);
    else reader.skip(tag);
  }
  reader.leave(outer);
  return attributes;
}

/** Reads an AnyValue as the text that a label or a log line shows. */
export function readValueText(reader: WireReader): string {
  const outer = reader.enter();
  let text = "";
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === STRING) text = reader.string();
    else if (tag === INT) text = reader.int64Text();
    else text = valueText(readVariant(reader, tag, OTLP_DEPTH_MAX));
  }
  reader.leave(outer);
  return text;
}

function readValue(reader: WireReader, depth: number): OtlpValue {
  if (depth <= 0) throw new WireFault(`values nest deeper than ${OTLP_DEPTH_MAX}`);
  const outer = reader.enter();
  let value: OtlpValue = null;
  while (reader.more()) value = readVariant(reader, reader.tag(), depth);
  reader.leave(outer);
  return value;
}

function readVariant(reader: WireReader, tag: number, depth: number): OtlpValue {
  switch (tag) {
    case STRING:
      return reader.string();
    case BOOL:
      return reader.bool();
    case INT:
      return reader.int64();
    case DOUBLE:
      return reader.double();
    case ARRAY:
      return readArray(reader, depth);
    case MAP:
      return readMap(reader, depth);
    case BYTES:
      return Buffer.from(reader.slice()).toString("base64");
    default:
      reader.skip(tag);
      return null;
  }
}

function readArray(reader: WireReader, depth: number): OtlpValue[] {
  const values: OtlpValue[] = [];
  const outer = reader.enter();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === ATTRIBUTES) values.push(readValue(reader, depth - 1));
    else reader.skip(tag);
  }
  reader.leave(outer);
  return values;
}

function readMap(reader: WireReader, depth: number): { [key: string]: OtlpValue } {
  const entries: [string, OtlpValue][] = [];
  const outer = reader.enter();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === ATTRIBUTES) entries.push(readEntry(reader, depth));
    else reader.skip(tag);
  }
  reader.leave(outer);
  return Object.fromEntries(entries);
}

function readEntry(reader: WireReader, depth: number): [string, OtlpValue] {
  const outer = reader.enter();
  let key = "";
  let value: OtlpValue = null;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === KEY) key = reader.string();
    else if (tag === VALUE) value = readValue(reader, depth - 1);
    else reader.skip(tag);
  }
  reader.leave(outer);
  return [key, value];
}

const ATTRIBUTES = (1 << 3) | LENGTH;
const KEY = (1 << 3) | LENGTH;
const VALUE = (2 << 3) | LENGTH;

const STRING = (1 << 3) | LENGTH;
const BOOL = (2 << 3) | VARINT;
const INT = (3 << 3) | VARINT;
const DOUBLE = (4 << 3) | FIXED64;
const ARRAY = (5 << 3) | LENGTH;
const MAP = (6 << 3) | LENGTH;
const BYTES = (7 << 3) | LENGTH;
