/** What a receiver says of an export that it took only in part. */
export interface PartialSuccess {
  rejectedDataPoints: number;
  message: string;
}

/**
 * Reads the answer to an export (`ExportMetricsServiceResponse`). null where all was taken, and where the body is not what
 * it should be: the status already said that the request succeeded, and it must not be sent again.
 *
 * @see opentelemetry/proto/collector/metrics/v1/metrics_service.proto
 */
export function readPartialSuccess(body: Uint8Array): PartialSuccess | null {
  const partial = field(body, 1);
  if (partial === null || typeof partial === "number") return null;
  const rejected = field(partial, 1);
  const message = field(partial, 2);
  const rejectedDataPoints = typeof rejected === "number" ? rejected : 0;
  const said =
    message === null || typeof message === "number" ? "" : new TextDecoder().decode(message.subarray(0, 1024));
  return rejectedDataPoints === 0 && said === "" ? null : { rejectedDataPoints, message: said };
}

/** The last value of one field of a message: a number for a varint, bytes for what has a length. */
function field(message: Uint8Array, wanted: number): number | Uint8Array | null {
  let at = 0;
  let found: number | Uint8Array | null = null;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; at < message.length; scale *= 128) {
      const byte = message[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    return Number.NaN;
  };
  while (at < message.length) {
    const key = varint();
    const wireType = key % 8;
    let value: number | Uint8Array | null = null;
    if (wireType === 0) value = varint();
    else if (wireType === 1) at += 8;
    else if (wireType === 5) at += 4;
    else if (wireType === 2) {
      const size = varint();
      if (!(at + size <= message.length)) return null;
      value = message.subarray(at, at + size);
      at += size;
    } else return null;
    if (Math.floor(key / 8) === wanted) found = value;
  }
  return at === message.length && !Number.isNaN(found) ? found : null;
}
