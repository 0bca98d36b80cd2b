import type { Exemplar } from "../../../protocol/sample.ts";
import { exemplarLabels } from "../exemplar-labels.ts";
import { FIXED64, LENGTH, type ProtobufReader, VARINT } from "./protobuf.ts";

/**
 * `Exemplar` of both versions: value = 2, timestamp = 3, and in field 1 its labels: messages in version 1, references in
 * version 2. The reader stands at its start.
 *
 * @param readLabels reads field 1, from its length on.
 */
export function readExemplar(
  reader: ProtobufReader,
  end: number,
  readLabels: (reader: ProtobufReader, end: number, pairs: string[]) => void,
): Exemplar {
  const pairs: string[] = [];
  let value = 0;
  let at = 0;
  while (reader.next(end)) {
    if (reader.field === 1 && (reader.wireType === LENGTH || reader.wireType === VARINT))
      readLabels(reader, end, pairs);
    else if (reader.field === 2 && reader.wireType === FIXED64) value = reader.double();
    else if (reader.field === 3 && reader.wireType === VARINT) at = reader.int64();
    else reader.skip(end);
  }
  const labels = exemplarLabels(
    Array.from({ length: Math.floor(pairs.length / 2) }, (_, index) => [pairs[index * 2]!, pairs[index * 2 + 1]!]),
  );
  return { labels, value, at };
}
