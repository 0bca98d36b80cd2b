/** What JSON text may be before it is parsed: V8 parses two million levels of nesting, and an array for each three bytes. */
export interface JsonLimits {
  depthMax: number;
  /** Values in all, counted by the commas and brackets that separate them. */
  valuesMax: number;
  /** Of one object. A key that was never seen before takes V8 a third of a microsecond: 800,000 in 8 MB hold it up for 0.7 s. */
  keysMax: number;
}

export type JsonFault = "tooDeep" | "tooManyValues" | "tooManyKeys";

/** So low that no text has as many commas. */
const LIST = -(2 ** 31);

/**
 * Why this JSON text must not be parsed, or null. One pass over the bytes, about a third of the time of parsing; text that is no
 * JSON gives an answer that does not matter, because the parser refuses it.
 */
export function jsonFault(text: Uint8Array, { depthMax, valuesMax, keysMax }: JsonLimits): JsonFault | null {
  let depth = 0;
  let values = 0;
  /** Of what is open, by depth; of lists `LIST` and more. */
  const keys = new Int32Array(depthMax + 1).fill(LIST);
  for (let at = 0; at < text.length; at++) {
    const byte = text[at]!;
    if (byte === QUOTE) at = closingQuote(text, at + 1);
    else if (byte === COMMA) {
      values += 1;
      keys[depth]! += 1;
      if (keys[depth]! > keysMax) return "tooManyKeys";
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      depth += 1;
      values += 1;
      if (depth > depthMax) return "tooDeep";
      keys[depth] = byte === OPEN_OBJECT ? 1 : LIST;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      depth -= 1;
      if (depth < 0) return null;
    }
  }
  return values > valuesMax ? "tooManyValues" : null;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

function closingQuote(text: Uint8Array, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== QUOTE) at += text[at] === BACKSLASH ? 2 : 1;
  return at;
}
