import { nanosToMillis, type OtlpLogRecord, type OtlpResourceLogs, type OtlpResult } from "./otlp.ts";
import { field, readRequest } from "./otlp-read-request.ts";
import { readAttribute, readValueText } from "./otlp-read-value.ts";
import { FIXED64, LENGTH, type StringCache, VARINT, type WireReader } from "./wire-reader.ts";

/** Reads an ExportLogsServiceRequest (collector/logs/v1) in Protocol Buffers. Unknown fields are skipped. */
export function readLogsRequest(bytes: Uint8Array, strings: StringCache): OtlpResult<OtlpResourceLogs[]> {
  const read = readRequest(bytes, strings, readRecord);
  if (read.status !== "read") return read;
  return { status: "read", value: read.value.map(({ resource, elements }) => ({ resource, records: elements })) };
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
