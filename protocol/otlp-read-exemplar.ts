import { EXEMPLARS_MAX, nanosToMillis, type OtlpExemplar } from "./otlp.ts";
import { field } from "./otlp-read-request.ts";
import { readAttribute } from "./otlp-read-value.ts";
import { FIXED64, LENGTH, type WireReader } from "./wire-reader.ts";

/**
 * `Exemplar` of metrics.proto: time_unix_nano = 2, as_double = 3, span_id = 4, trace_id = 5, as_int = 6,
 * filtered_attributes = 7. Added to the list of its point, of which the first few are kept.
 */
export function readExemplar(reader: WireReader, point: { exemplars?: OtlpExemplar[] }): void {
  const exemplar: OtlpExemplar = { at: 0, value: Number.NaN, traceId: "", spanId: "", attributes: {} };
  const outer = reader.enter();
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === field(2, FIXED64)) exemplar.at = nanosToMillis(reader.fixed64());
    else if (tag === field(3, FIXED64)) exemplar.value = reader.double();
    else if (tag === field(6, FIXED64)) exemplar.value = reader.sfixed64();
    else if (tag === field(4, LENGTH)) exemplar.spanId = hexOf(reader.slice());
    else if (tag === field(5, LENGTH)) exemplar.traceId = hexOf(reader.slice());
    else if (tag === field(7, LENGTH)) readAttribute(reader, exemplar.attributes);
    else reader.skip(tag);
  }
  reader.leave(outer);
  const list = (point.exemplars ??= []);
  if (list.length < EXEMPLARS_MAX) list.push(exemplar);
}

/** Ids are 8 and 16 bytes; anything longer is none. */
function hexOf(bytes: Uint8Array): string {
  if (bytes.length > 16) return "";
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}
