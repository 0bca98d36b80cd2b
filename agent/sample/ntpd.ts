import type { Clock } from "../clock.ts";
import { askDatagram } from "./ask-datagram.ts";
import type { Tracking } from "./tracking.ts";

const PORT = 123;
/** Version 2, mode 6: a control message, as ntpq sends it. */
const VERSION_AND_MODE = 0x16;
const READ_VARIABLES = 2;
const RESPONSE = 0x80;
const ERROR = 0x40;
const HEADER_BYTES = 12;
/** They fit into one packet. */
const VARIABLES = "leap,stratum,rootdelay,rootdisp,offset,clk_jitter";
/** From here on a clock follows nobody. */
const STRATUM_UNSYNCHRONIZED = 16;
const MS = 1000;

/**
 * Asks ntpd (of ntp.org or NTPsec) on this host for its system variables, as `ntpq -c rv` does: one datagram each way on loopback. null
 * where nobody answers.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9327.html
 */
export async function askNtpd(clock: Clock, port = PORT): Promise<Tracking | null> {
  const bytes = await askDatagram(clock, port, request());
  return bytes === null ? null : parseSystemVariables(bytes);
}

function request(): Buffer {
  const names = Buffer.from(VARIABLES);
  const bytes = Buffer.alloc(HEADER_BYTES + Math.ceil(names.length / 4) * 4);
  bytes.set([VERSION_AND_MODE, READ_VARIABLES]);
  bytes.writeUInt16BE(1, 2);
  bytes.writeUInt16BE(names.length, 10);
  names.copy(bytes, HEADER_BYTES);
  return bytes;
}

/** `leap=00, stratum=2, rootdelay=14.2, …`; delays and offsets in milliseconds. */
export function parseSystemVariables(bytes: Buffer): Tracking | null {
  if (bytes.length < HEADER_BYTES || (bytes[0]! & 7) !== 6) return null;
  const operation = bytes[1]!;
  if ((operation & RESPONSE) === 0 || (operation & ERROR) !== 0 || (operation & 31) !== READ_VARIABLES) return null;
  const text = bytes.toString("latin1", HEADER_BYTES, HEADER_BYTES + bytes.readUInt16BE(10));
  const of = (name: string): number =>
    Number(new RegExp(`(?:^|[\\s,])${name}=([-+.\\de]+)`).exec(text)?.[1] ?? Number.NaN);
  const [offset, delay, dispersion] = [of("offset") / MS, of("rootdelay") / MS, of("rootdisp") / MS];
  if (Number.isNaN(of("stratum"))) return null;
  // Leap 3, in binary: the alarm condition.
  const isAlarm = [3, 11].includes(of("leap"));
  return {
    synchronized: !isAlarm && of("stratum") < STRATUM_UNSYNCHRONIZED,
    offsetSeconds: offset,
    errorSeconds: Math.abs(offset) + delay / 2 + dispersion,
    estimatedErrorSeconds: of("clk_jitter") / MS,
  };
}
