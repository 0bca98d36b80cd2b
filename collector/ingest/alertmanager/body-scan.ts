import { isTime, type PlainForm, readPlainForm, TIME_LENGTH_MAX } from "./plain-form.ts";
import { TextSearch } from "./text-search.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const ENDS_AT = Buffer.from("endsAt");
/** So many bytes of an alert are taken for how all of them begin. */
const BEGINNING_BYTES = 14;
const BEGINNING_BYTES_MAX = 20;
/** An alert may be so much longer than twice the one before it and still be guessed at. */
const LONGER_BYTES = 256;

/** One element of the list, where it lies in the bytes. The scanner uses one object for all elements. */
export interface ScannedAlert extends PlainForm {
  from: number;
  /** It is in the form of `readPlainForm`; only then are `startsAt` and the severity known. */
  hasPlainForm: boolean;
  /** It has at most one `endsAt`, a plain time, and no name at its top is written with escapes. */
  isPlain: boolean;
  /** Two halves of a hash of all of it but `endsAt`. */
  hashA: number;
  hashB: number;
}

/** What the scanner asks. */
export interface AlertVisitor {
  /** Whether such an alert was parsed once. The rest of what it gets is only sure when it was. */
  isKnown: (alert: Readonly<ScannedAlert>) => boolean;
  /** Gets each other alert, measured. */
  visit: (alert: Readonly<ScannedAlert>) => void;
}

/**
 * Finds the elements of a JSON list of objects without parsing it, and hashes each: an alert that is sent again differs
 * only in `endsAt`, and is known by its hash for a tenth of what parsing it costs.
 *
 * After one that is known, the next is guessed at: the text of its end is likely to be the same, and it ends where another one
 * begins as it does. Its hash tells whether that was right, for a third of what it costs to read where it ends.
 *
 * Every valid list of objects is found as it is. What is not valid may be taken for elements that are not: each must have
 * been parsed once, be it now or, when its hash is known, before.
 */
export class BodyScanner {
  private readonly seedA: number;
  private readonly seedB: number;
  /** The text of the last alert's end, with its quotes. */
  private readonly end = new TextSearch(TIME_LENGTH_MAX + 2);
  /** What lies between two alerts: a brace, a comma, and what every alert begins with. */
  private readonly border = new TextSearch(BEGINNING_BYTES_MAX);
  private readonly found: ScannedAlert = {
    from: 0,
    to: 0,
    startsFrom: 0,
    startsTo: 0,
    endsFrom: 0,
    endsTo: 0,
    severityFrom: 0,
    severityTo: 0,
    hasPlainForm: false,
    isPlain: true,
    hashA: 0,
    hashB: 0,
  };

  /** @param seeds two random numbers, so that two alerts with the same hash cannot be prepared beforehand. */
  constructor(seeds: readonly [number, number]) {
    [this.seedA, this.seedB] = seeds;
  }

  /**
   * Asks about each element in order; what the visitor gets changes with the next. False: this is no list of objects, and
   * nothing that was visited counts.
   */
  scan(bytes: Uint8Array, visitor: AlertVisitor): boolean {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const { found } = this;
    let at = skipSpace(bytes, 0);
    if (bytes[at] !== OPEN_LIST) return false;
    at = skipSpace(bytes, at + 1);
    if (bytes[at] === CLOSE_LIST) return skipSpace(bytes, at + 1) === bytes.length;
    for (let isLikely = false; ; ) {
      if (bytes[at] !== OPEN_OBJECT) return false;
      const isGuessed = isLikely && this.guess(bytes, at) && this.isKnown(view, visitor);
      if (!isGuessed) {
        if (!measure(bytes, at, found)) return false;
        isLikely = this.isKnown(view, visitor);
        if (!isLikely) visitor.visit(found);
      }
      at = skipSpace(bytes, found.to);
      const separator = bytes[at];
      if (separator === CLOSE_LIST) return skipSpace(bytes, at + 1) === bytes.length;
      if (separator !== COMMA) return false;
      at = skipSpace(bytes, at + 1);
      if (isLikely && !isGuessed) this.expect(bytes, at);
    }
  }

  /** @param next where the alert begins that comes after the one that was found. */
  private expect(bytes: Uint8Array, next: number): void {
    const { to, endsFrom, endsTo } = this.found;
    if (endsFrom === 0) this.end.lookFor(bytes, 0, 0);
    else this.end.lookFor(bytes, endsFrom - 1, endsTo + 1);
    this.border.lookFor(bytes, to - 1, next + BEGINNING_BYTES);
  }

  /** Where the alert that begins at `from` is likely to end, and where its end stands; false = nobody knows. */
  private guess(bytes: Uint8Array, from: number): boolean {
    const { found, end, border } = this;
    const farthest = Math.min(bytes.length, from + 2 * (found.to - found.from) + LONGER_BYTES);
    let at = from;
    if (end.length > 0) {
      at = end.find(bytes, from, farthest);
      if (at < 0) return false;
      found.endsFrom = at + 1;
      at += end.length;
      found.endsTo = at - 1;
    } else found.endsFrom = found.endsTo = 0;
    const last = border.find(bytes, at, farthest);
    if (last < 0 && farthest < bytes.length) return false;
    found.from = from;
    found.to = last < 0 ? bytes.length - 1 : last + 1;
    found.isPlain = true;
    found.hasPlainForm = false;
    return true;
  }

  private isKnown(view: DataView, visitor: AlertVisitor): boolean {
    this.hash(view, this.found);
    return visitor.isKnown(this.found);
  }

  private hash(view: DataView, alert: ScannedAlert): void {
    const { from, to, endsFrom, endsTo } = alert;
    alert.hashA = this.seedA;
    alert.hashB = this.seedB;
    if (endsFrom === 0) mix(view, from, to, alert);
    else {
      mix(view, from, endsFrom, alert);
      mix(view, endsTo, to, alert);
    }
  }
}

function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  for (; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
  }
  return at;
}

/** The place of the quote that ends the text; -1 = none does. */
function endOfText(bytes: Uint8Array, from: number): number {
  const size = bytes.length;
  let at = from;
  while (at < size) {
    const byte = bytes[at];
    if (byte === QUOTE) return at;
    at += byte === BACKSLASH ? 2 : 1;
  }
  return -1;
}

/** Reads where the object that begins at `from` ends, and where its `endsAt` is. */
function measure(bytes: Uint8Array, from: number, found: ScannedAlert): boolean {
  const size = bytes.length;
  found.from = from;
  found.isPlain = true;
  found.hasPlainForm = readPlainForm(bytes, from, found);
  if (found.hasPlainForm) return true;
  found.endsFrom = 0;
  found.endsTo = 0;
  let depth = 1;
  let isName = true;
  let isEnd = false;
  for (let at = from + 1; at < size; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      const end = endOfText(bytes, at + 1);
      if (end < 0) return false;
      if (depth === 1) {
        if (isName) isEnd = isEndsAt(bytes, at + 1, end, found);
        else if (isEnd) noteEnd(bytes, at + 1, end, found);
        isName = false;
      }
      at = end;
    } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) depth += 1;
    else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
      depth -= 1;
      if (depth > 0) continue;
      found.to = at + 1;
      return byte === CLOSE_OBJECT;
    } else if (byte === COMMA && depth === 1) isName = true;
  }
  return false;
}

/** Whether this name is `endsAt`; a name with escapes may be, and makes the alert one that is not plain. */
function isEndsAt(bytes: Uint8Array, from: number, to: number, found: ScannedAlert): boolean {
  let isSame = to - from === ENDS_AT.length;
  for (let at = from; at < to; at += 1) {
    if (bytes[at] === BACKSLASH) found.isPlain = false;
    if (isSame && bytes[at] !== ENDS_AT[at - from]) isSame = false;
  }
  return isSame;
}

function noteEnd(bytes: Uint8Array, from: number, to: number, found: ScannedAlert): void {
  if (found.endsFrom !== 0 || !isTime(bytes, from, to)) found.isPlain = false;
  found.endsFrom = from;
  found.endsTo = to;
}

/** Two multiplicative hashes of every other four bytes each, which go into each other at each step; the length goes in as well. */
function mix(view: DataView, from: number, to: number, into: { hashA: number; hashB: number }): void {
  const length = to - from;
  let a = into.hashA ^ length;
  let b = into.hashB;
  const whole = to - (length & 7);
  let at = from;
  for (; at < whole; at += 8) {
    const c = Math.imul(a ^ view.getInt32(at, true), 0x9e3779b1);
    const d = Math.imul(b ^ view.getInt32(at + 4, true), 0xcc9e2d51);
    // Both ways, and so that each pair comes from one pair only: what differs in one place cannot be lost.
    a = c ^ (d >>> 15);
    b = d ^ (c >>> 13);
  }
  for (; at < to; at += 1) {
    const byte = view.getUint8(at);
    a = Math.imul(a ^ byte, 0x01000193);
    b = Math.imul((b << 5) | (b >>> 27), 5) + byte;
  }
  into.hashA = Math.imul(a ^ (a >>> 16), 0x85ebca6b) | 0;
  into.hashB = Math.imul(b ^ (b >>> 13), 0xc2b2ae35) | 0;
}
