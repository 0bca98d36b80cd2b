/** What a message of D-Bus holds. Structures, arrays and dictionary entries are arrays, `ay` is a buffer, a variant is what it holds. */
export type BusValue = number | string | boolean | Buffer | readonly BusValue[];

/** The specification allows 32 for arrays and 32 for structures. */
const DEPTH_MAX = 32;

/** Of the types whose size is always the same: how many bytes, which is also how they are aligned. */
const SIZES: Readonly<Record<string, number>> = { y: 1, n: 2, q: 2, b: 4, i: 4, u: 4, h: 4, x: 8, t: 8, d: 8 };

/** Bytes that are no message. Never leaves this room. */
export class NotDbus extends Error {}

/**
 * Reads values of D-Bus from bytes, by their signature. Whatever does not fit (a length beyond the end, a signature that does not
 * close, more nesting than the specification allows) throws `NotDbus`.
 *
 * @see https://dbus.freedesktop.org/doc/dbus-specification.html#message-protocol-marshaling
 */
export class BusReader {
  readonly #bytes: Buffer;
  readonly #little: boolean;
  /** A list of structures has the same types again and again. */
  readonly #split = new Map<string, readonly string[]>();
  at: number;

  /** Alignment counts from the beginning of `bytes`. */
  constructor(bytes: Buffer, { little, at = 0 }: { little: boolean; at?: number }) {
    this.#bytes = bytes;
    this.#little = little;
    this.at = at;
  }

  /** Every value of a body with this signature. */
  values(signature: string): BusValue[] {
    return this.#typesOf(signature).map((type) => this.#value(type, 0));
  }

  align(to: number): void {
    this.at = Math.ceil(this.at / to) * to;
  }

  uint32(): number {
    this.align(4);
    const at = this.#take(4);
    return this.#little ? this.#bytes.readUInt32LE(at) : this.#bytes.readUInt32BE(at);
  }

  /** A signature has a length of one byte. */
  signature(): string {
    const length = this.#bytes[this.#take(1)] ?? 0;
    return this.#text(length);
  }

  text(): string {
    return this.#text(this.uint32());
  }

  #value(type: string, depth: number): BusValue {
    if (depth > DEPTH_MAX) throw new NotDbus("values are nested too deep");
    switch (type[0]) {
      case "s":
      case "o":
        return this.text();
      case "g":
        return this.signature();
      case "v":
        return this.#variant(depth);
      case "a":
        return this.#array(type.slice(1), depth);
      case "(":
      case "{":
        return this.#structure(type.slice(1, -1), depth);
      default:
        return this.#number(type);
    }
  }

  #number(type: string): BusValue {
    const size = SIZES[type];
    if (size === undefined) throw new NotDbus(`there is no type ${type}`);
    this.align(size);
    const at = this.#take(size);
    const view = this.#bytes;
    const little = this.#little;
    switch (type) {
      case "y":
        return view[at]!;
      case "n":
        return little ? view.readInt16LE(at) : view.readInt16BE(at);
      case "q":
        return little ? view.readUInt16LE(at) : view.readUInt16BE(at);
      case "i":
        return little ? view.readInt32LE(at) : view.readInt32BE(at);
      case "d":
        return little ? view.readDoubleLE(at) : view.readDoubleBE(at);
      // Counts and times in microseconds: far below 2^53.
      case "x":
        return Number(little ? view.readBigInt64LE(at) : view.readBigInt64BE(at));
      case "t":
        return Number(little ? view.readBigUInt64LE(at) : view.readBigUInt64BE(at));
      default: {
        const word = little ? view.readUInt32LE(at) : view.readUInt32BE(at);
        return type === "b" ? word !== 0 : word;
      }
    }
  }

  #variant(depth: number): BusValue {
    const type = this.signature();
    if (this.#typesOf(type).length !== 1) throw new NotDbus("a variant holds no single value");
    return this.#value(type, depth + 1);
  }

  #array(type: string, depth: number): BusValue {
    const length = this.uint32();
    this.align(alignmentOf(type));
    const end = this.at + length;
    if (end > this.#bytes.length) throw new NotDbus("an array ends beyond its message");
    if (type === "y") return Buffer.from(this.#bytes.subarray(this.#take(length), end));
    const found: BusValue[] = [];
    while (this.at < end) found.push(this.#value(type, depth + 1));
    if (this.at !== end) throw new NotDbus("an array does not end with its last value");
    return found;
  }

  #structure(types: string, depth: number): BusValue {
    this.align(8);
    return this.#typesOf(types).map((type) => this.#value(type, depth + 1));
  }

  #typesOf(signature: string): readonly string[] {
    let known = this.#split.get(signature);
    if (known === undefined) this.#split.set(signature, (known = typesOf(signature)));
    return known;
  }

  #text(length: number): string {
    const at = this.#take(length + 1);
    return this.#bytes.toString("utf8", at, at + length);
  }

  #take(size: number): number {
    const { at } = this;
    if (at + size > this.#bytes.length) throw new NotDbus("a value ends beyond its message");
    this.at = at + size;
    return at;
  }
}

function alignmentOf(type: string): number {
  const first = type[0] ?? "";
  if (first === "(" || first === "{") return 8;
  if (first === "g" || first === "v") return 1;
  return SIZES[first] ?? 4;
}

/** The single complete types of which a signature is made. */
export function typesOf(signature: string): string[] {
  const types: string[] = [];
  for (let from = 0; from < signature.length; ) {
    const end = endOfType(signature, from, 0);
    types.push(signature.slice(from, end));
    from = end;
  }
  return types;
}

/** Where the single complete type ends that begins at `from`. */
function endOfType(signature: string, from: number, depth: number): number {
  if (depth > DEPTH_MAX) throw new NotDbus("a signature is nested too deep");
  const first = signature[from];
  if (first === "a") return endOfType(signature, from + 1, depth + 1);
  if (first !== "(" && first !== "{") {
    if (first === undefined || !("sogv".includes(first) || SIZES[first] !== undefined))
      throw new NotDbus("a signature is none");
    return from + 1;
  }
  const close = first === "(" ? ")" : "}";
  // A structure of nothing takes no bytes: a list of them would never end.
  if (signature[from + 1] === close) throw new NotDbus("a structure holds nothing");
  let at = from + 1;
  while (signature[at] !== close) at = endOfType(signature, at, depth + 1);
  return at + 1;
}
