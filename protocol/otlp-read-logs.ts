import {
  nanosToMillis,
  OTLP_MESSAGES_MAX,
  type OtlpAttributes,
  type OtlpLogRecord,
  type OtlpResourceLogs,
  type OtlpResult,
} from "./otlp.ts";
import { readAttribute, readResource, readValueText } from "./otlp-read-value.ts";
import { FIXED64, LENGTH, type StringCache, VARINT, WireFault, WireReader } from "./wire-reader.ts";

/** Reads an ExportLogsServiceRequest (collector/logs/v1) in Protocol Buffers. Unknown fields are skipped. */
export function readLogsRequest(bytes: Uint8Array, strings: StringCache): OtlpResult<OtlpResourceLogs[]> {
  try {
    const reader = new WireReader(bytes, strings, OTLP_MESSAGES_MAX);
    const value: OtlpResourceLogs[] = [];
    while (reader.more()) {
      const tag = reader.tag();
      if (tag === field(1, LENGTH)) value.push(readResourceLogs(reader));
      else reader.skip(tag);
    }
    return { status: "read", value };
  } catch (error) {
    if (error instanceof WireFault) return { status: "malformed", message: error.message };
    throw error;
  }
}

const field = (number: number, wireType: number): number => (number << 3) | wireType;

function readResourceLogs(reader: WireReader): OtlpResourceLogs {
  let resource: OtlpAttributes = {};
  const records: OtlpLogRecord[] = [];
  const outer = reader.enter();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === field(1, LENGTH)) resource = readResource(reader);
    else if (tag === field(2, LENGTH)) readScope(reader, records);
    else reader.skip(tag);
  }
  reader.leave(outer);
  return { resource, records };
}

function readScope(reader: WireReader, records: OtlpLogRecord[]): void {
  const outer = reader.enter();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === field(2, LENGTH)) records.push(readRecord(reader));
    else reader.skip(tag);
  }
  reader.leave(outer);
}

function readRecord(reader: WireReader): OtlpLogRecord {
  const record: OtlpLogRecord = {
    at: 0,
    observedAt: 0,
    severityNumber: 0,
    severityText: "",
    body: "",
    attributes: {},
    eventName: "",
  };
  const outer = reader.enter();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === field(1, FIXED64)) record.at = nanosToMillis(reader.fixed64());
    else if (tag === field(11, FIXED64)) record.observedAt = nanosToMillis(reader.fixed64());
    else if (tag === field(2, VARINT)) record.severityNumber = reader.int32();
    else if (tag === field(3, LENGTH)) record.severityText = reader.string();
    else if (tag === field(5, LENGTH)) record.body = readValueText(reader);
    else if (tag === field(6, LENGTH)) readAttribute(reader, record.attributes);
    else if (tag === field(12, LENGTH)) record.eventName = reader.string();
    else reader.skip(tag);
  }
  reader.leave(outer);
  return record;
}
