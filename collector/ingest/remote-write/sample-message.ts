import { FIXED64, LENGTH, ProtobufFault, type ProtobufReader, VARINT } from "./protobuf.ts";
import { isStaleMarker, type WrittenSample } from "./written-series.ts";

/** `Sample` of both versions: value = 1, timestamp = 2. The reader stands at its start. */
export function readSample(reader: ProtobufReader, end: number): WrittenSample {
  let value = 0;
  let at = 0;
  let stale = false;
  while (reader.next(end)) {
    if (reader.field === 1 && reader.wireType === FIXED64) {
      if (reader.at + 8 > end) throw new ProtobufFault("a value is cut off");
      stale = isStaleMarker(reader.bytes, reader.at);
      value = reader.double();
    } else if (reader.field === 2 && reader.wireType === VARINT) at = reader.int64();
    else reader.skip(end);
  }
  return { value, at, stale };
}

/** Reads the message of a length-delimited field with `read`, and leaves the reader at its end. */
export function within<T>(reader: ProtobufReader, end: number, read: (reader: ProtobufReader, end: number) => T): T {
  reader.expect(LENGTH);
  const last = reader.block(end);
  const result = read(reader, last);
  reader.at = last;
  return result;
}
