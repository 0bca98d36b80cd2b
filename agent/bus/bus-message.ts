import { BusReader, type BusValue, NotDbus } from "./bus-value.ts";

/** One call of a method whose arguments are all texts; more is not needed here. */
export interface BusCall {
  destination: string;
  path: string;
  interface: string;
  member: string;
  arguments: readonly string[];
}

/** What came, as far as it matters to one who only asks. */
export interface BusMessage {
  kind: "answer" | "error" | "other";
  /** The serial of the call that it answers; 0 = none. */
  answers: number;
  /** Of an error: its name, and what it says. */
  error: string;
  values: readonly BusValue[];
}

const LITTLE_ENDIAN = 108;
const BIG_ENDIAN = 66;
const VERSION = 1;
const METHOD_CALL = 1;
const KINDS: Readonly<Record<number, BusMessage["kind"]>> = { 2: "answer", 3: "error" };
/** Who does not run is not to be started because we ask. */
const NO_AUTO_START = 2;
const FIELDS = {
  path: 1,
  interface: 2,
  member: 3,
  errorName: 4,
  replySerial: 5,
  destination: 6,
  signature: 8,
} as const;
const FIXED_BYTES = 16;
/** A list of all units of a host with thousands takes one. */
const MESSAGE_BYTES_MAX = 4 * 1024 * 1024;

/** @param mayStart the bus may start a service that does not run. */
export function encodeCall(call: BusCall, serial: number, mayStart: boolean): Buffer {
  const body = Buffer.concat(
    call.arguments.reduce<Buffer[]>((parts, text) => [...parts, pad(parts, 4), textOf(text)], []),
  );
  const fields: Buffer[] = [];
  const add = (code: number, type: string, value: Buffer): void => {
    fields.push(pad(fields, 8), Buffer.from([code, 1, type.charCodeAt(0), 0]), value);
  };
  add(FIELDS.path, "o", textOf(call.path));
  add(FIELDS.interface, "s", textOf(call.interface));
  add(FIELDS.member, "s", textOf(call.member));
  add(FIELDS.destination, "s", textOf(call.destination));
  const { length } = call.arguments;
  if (length > 0) add(FIELDS.signature, "g", Buffer.from([length, ...Buffer.from("s".repeat(length)), 0]));
  const list = Buffer.concat(fields);
  const head = Buffer.alloc(FIXED_BYTES);
  head.set([LITTLE_ENDIAN, METHOD_CALL, mayStart ? 0 : NO_AUTO_START, VERSION]);
  head.writeUInt32LE(body.length, 4);
  head.writeUInt32LE(serial, 8);
  head.writeUInt32LE(list.length, 12);
  return Buffer.concat([head, list, Buffer.alloc(-list.length & 7), body]);
}

/** A length, the text, and a zero. */
function textOf(text: string): Buffer {
  const bytes = Buffer.from(text);
  const out = Buffer.alloc(4 + bytes.length + 1);
  out.writeUInt32LE(bytes.length);
  bytes.copy(out, 4);
  return out;
}

function pad(before: readonly Buffer[], to: number): Buffer {
  const length = before.reduce((sum, part) => sum + part.length, 0);
  return Buffer.alloc(-length & (to - 1));
}

/** How long the message is that these bytes begin; null where they are too few to tell. Throws `NotDbus`. */
export function messageLength(bytes: Buffer): number | null {
  if (bytes.length < FIXED_BYTES) return null;
  const little = isLittle(bytes);
  const word = (at: number): number => (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const length = bodyStart(word(12)) + word(4);
  if (length > MESSAGE_BYTES_MAX) throw new NotDbus(`a message of ${length} bytes`);
  return length;
}

/** Reads one whole message. Throws `NotDbus`. */
export function decodeMessage(bytes: Buffer): BusMessage {
  const little = isLittle(bytes);
  const reader = new BusReader(bytes, { little, at: 12 });
  const end = reader.uint32() + FIXED_BYTES;
  const message: BusMessage = { kind: KINDS[bytes[1]!] ?? "other", answers: 0, error: "", values: [] };
  if (message.kind === "other") return message;
  let signature = "";
  while (reader.at < end) {
    const [[code, value]] = reader.values("(yv)") as [[number, BusValue]];
    if (code === FIELDS.replySerial && typeof value === "number") message.answers = value;
    if (code === FIELDS.errorName && typeof value === "string") message.error = value;
    if (code === FIELDS.signature && typeof value === "string") signature = value;
  }
  // The body is aligned by itself, too: it begins at a multiple of eight.
  const body = bytes.subarray(bodyStart(end - FIXED_BYTES));
  message.values = new BusReader(body, { little }).values(signature);
  const [said] = message.values;
  if (message.kind === "error" && typeof said === "string") message.error += `: ${said}`;
  return message;
}

function bodyStart(fieldsBytes: number): number {
  return FIXED_BYTES + Math.ceil(fieldsBytes / 8) * 8;
}

function isLittle(bytes: Buffer): boolean {
  const [order, , , version] = bytes;
  if ((order !== LITTLE_ENDIAN && order !== BIG_ENDIAN) || version !== VERSION)
    throw new NotDbus("what came is no message of D-Bus");
  return order === LITTLE_ENDIAN;
}
