/**
 * A 64-bit hash in two 32-bit lanes, for ids made from content. Not cryptographic: who can choose check names can make two
 * alerts of his own collide, and harms only himself. Equal on every machine; reads UTF-16 code units.
 *
 * After `add`, `high` and `low` hold the hash of everything added since `reset`. Cost: about 1 ns a character.
 */
export class Hash64 {
  high = 0;
  low = 0;
  private a = 0;
  private b = 0;

  constructor() {
    this.reset();
  }

  reset(): this {
    this.a = 0x811c9dc5;
    this.b = 0x9e3779b9;
    return this;
  }

  /** A part and its end: ("ab", "c") and ("a", "bc") differ. It may lie within a longer text. */
  add(part: string, from = 0, end = part.length): this {
    let a = this.a;
    let b = this.b;
    for (let index = from; index < end; index += 1) {
      const unit = part.charCodeAt(index);
      a = Math.imul(a ^ unit, 0x01000193);
      b = Math.imul(b ^ unit, 0x85ebca6b);
      b = (b << 13) | (b >>> 19);
    }
    a = Math.imul(a ^ 0x1ffff, 0x01000193);
    b = Math.imul(b ^ 0x1ffff, 0xc2b2ae35);
    this.a = a;
    this.b = b;
    this.high = mix(a ^ ((b << 7) | (b >>> 25)));
    this.low = mix(b + Math.imul(a, 0x27d4eb2f));
    return this;
  }

  /** The first `digits` of 16 hex digits, after a prefix. */
  hex(prefix: string, digits: number): string {
    // One flat text: put together of its parts it takes 110 bytes rather than 40 for as long as it lives, and longer to compare.
    const size = prefix.length + digits;
    const units = (UNITS[size] ??= Array.from({ length: size }, () => 0));
    for (let index = 0; index < prefix.length; index += 1) units[index] = prefix.charCodeAt(index);
    for (let digit = 0; digit < digits; digit += 1) {
      const lane = digit < 8 ? this.high : this.low;
      units[prefix.length + digit] = DIGITS.charCodeAt((lane >>> (28 - 4 * (digit & 7))) & 15);
    }
    return String.fromCharCode(...units);
  }
}

const DIGITS = "0123456789abcdef";
/** Work space: a list for each length of an id, as there are few. */
const UNITS: number[][] = [];

/** 16 hex digits of the parts, each with its end. */
export function hashHex(parts: readonly string[]): string {
  return hashId("", parts);
}

/** An id made of what it is about: a prefix, and hex digits of the parts, each with its end. */
export function hashId(prefix: string, parts: readonly string[], digits = 16): string {
  const hash = new Hash64();
  for (const part of parts) hash.add(part);
  return hash.hex(prefix, digits);
}

/** MurmurHash3's finaliser: every input bit changes half of the output bits. */
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
