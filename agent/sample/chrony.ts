import type { Clock } from "../clock.ts";
import { askDatagram } from "./ask-datagram.ts";
import type { Tracking } from "./tracking.ts";

const PORT = 323;
const VERSION = 6;
const REQUEST = 1;
const REPLY = 2;
const TRACKING = 33;
const TRACKING_REPLY = 5;
const REPLY_BYTES = 104;
const NOT_SYNCHRONIZED = 3;

/**
 * Asks chronyd on this host, as `chronyc tracking` does: one datagram each way on loopback, which chronyd answers to everybody there.
 * null where nobody answers.
 *
 * @see https://gitlab.com/chrony/chrony/-/blob/master/candm.h (protocol version 6)
 */
export async function askChrony(clock: Clock, port = PORT): Promise<Tracking | null> {
  const bytes = await askDatagram(clock, port, request());
  return bytes === null ? null : parseTracking(bytes);
}

/** A request is as long as its answer, so that nobody can be flooded by it. */
function request(): Buffer {
  const bytes = Buffer.alloc(REPLY_BYTES);
  bytes[0] = VERSION;
  bytes[1] = REQUEST;
  bytes.writeUInt16BE(TRACKING, 4);
  bytes.writeUInt32BE(1, 8);
  return bytes;
}

export function parseTracking(bytes: Buffer): Tracking | null {
  if (bytes.length < REPLY_BYTES || bytes[0] !== VERSION || bytes[1] !== REPLY) return null;
  if (bytes.readUInt16BE(6) !== TRACKING_REPLY || bytes.readUInt16BE(8) !== 0) return null;
  // Header of 28 bytes; then id (4), address (20), stratum (2), leap status (2), time (12), and numbers of four bytes each:
  // correction, last offset, its mean, frequency, residual, skew, root delay, root dispersion, interval.
  const leap = bytes.readUInt16BE(54);
  const [correction, , mean, , , , delay, dispersion] = Array.from({ length: 8 }, (_, index) =>
    chronyFloat(bytes.readUInt32BE(68 + 4 * index)),
  );
  return {
    synchronized: leap !== NOT_SYNCHRONIZED,
    offsetSeconds: correction!,
    errorSeconds: Math.abs(correction!) + delay! / 2 + dispersion!,
    estimatedErrorSeconds: mean!,
  };
}

/** Seven bits of exponent, 25 of coefficient, both signed. */
function chronyFloat(word: number): number {
  let exponent = word >>> 25;
  if (exponent >= 64) exponent -= 128;
  let coefficient = word & 0x1ff_ffff;
  if (coefficient >= 0x100_0000) coefficient -= 0x200_0000;
  return coefficient * 2 ** (exponent - 25);
}
