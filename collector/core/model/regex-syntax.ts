/** Ascending pairs of code points, both ends included. */
export type Ranges = readonly number[];

export type Assertion = "textStart" | "textEnd" | "lineStart" | "lineEnd" | "wordBoundary" | "noWordBoundary";

export type Node =
  | { type: "empty" }
  | { type: "set"; ranges: Ranges }
  | { type: "assert"; assertion: Assertion }
  | { type: "sequence"; nodes: Node[] }
  | { type: "choice"; nodes: Node[] }
  /** `max` null = without end. */
  | { type: "repeat"; node: Node; min: number; max: number | null };

/** What is wrong with a pattern, and where. */
export class RegexSyntaxError extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

const LAST = 0x10ffff;
const REPEAT_MAX = 1000;
const DEPTH_MAX = 100;

const DIGIT: Ranges = [0x30, 0x39];
const WORD: Ranges = [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a];
const SPACE: Ranges = [0x09, 0x0a, 0x0c, 0x0d, 0x20, 0x20];
const NOT_NEWLINE: Ranges = [0, 0x09, 0x0b, LAST];
const ALL: Ranges = [0, LAST];

const POSIX: Readonly<Record<string, Ranges>> = {
  alnum: [0x30, 0x39, 0x41, 0x5a, 0x61, 0x7a],
  alpha: [0x41, 0x5a, 0x61, 0x7a],
  ascii: [0, 0x7f],
  blank: [0x09, 0x09, 0x20, 0x20],
  cntrl: [0, 0x1f, 0x7f, 0x7f],
  digit: DIGIT,
  graph: [0x21, 0x7e],
  lower: [0x61, 0x7a],
  print: [0x20, 0x7e],
  punct: [0x21, 0x2f, 0x3a, 0x40, 0x5b, 0x60, 0x7b, 0x7e],
  space: [0x09, 0x0d, 0x20, 0x20],
  upper: [0x41, 0x5a],
  word: WORD,
  xdigit: [0x30, 0x39, 0x41, 0x46, 0x61, 0x66],
};

const ESCAPED: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };

interface Flags {
  ignoreCase: boolean;
  multiLine: boolean;
  dotAll: boolean;
}

/** Parses a pattern; throws `RegexSyntaxError`. */
export function parseRegex(pattern: string): Node {
  const parser = new Parser(pattern);
  const node = parser.choice({ ignoreCase: false, multiLine: false, dotAll: false }, 0);
  if (!parser.done) throw new RegexSyntaxError("a closing ) without an opening one", parser.at);
  return node;
}

class Parser {
  at = 0;
  readonly pattern: string;

  constructor(pattern: string) {
    this.pattern = pattern;
  }

  get done(): boolean {
    return this.at >= this.pattern.length;
  }

  choice(outer: Readonly<Flags>, depth: number): Node {
    if (depth > DEPTH_MAX) throw new RegexSyntaxError(`groups are nested more than ${DEPTH_MAX} deep`, this.at);
    // Flags set inside a group hold to its end, across alternatives.
    const flags = { ...outer };
    const nodes = [this.sequence(flags, depth)];
    while (this.take("|")) nodes.push(this.sequence(flags, depth));
    return nodes.length === 1 ? (nodes[0] as Node) : { type: "choice", nodes };
  }

  private sequence(flags: Flags, depth: number): Node {
    const nodes: Node[] = [];
    while (!this.done && this.peek() !== "|" && this.peek() !== ")") {
      const node = this.repeated(this.atom(flags, depth));
      if (node.type !== "empty") nodes.push(node);
    }
    if (nodes.length === 0) return { type: "empty" };
    return nodes.length === 1 ? (nodes[0] as Node) : { type: "sequence", nodes };
  }

  private repeated(node: Node): Node {
    const start = this.at;
    const bounds = this.bounds();
    if (bounds === null) return node;
    // Lazy or greedy: the same texts match.
    this.take("?");
    const again = this.at;
    if (this.bounds() !== null) throw new RegexSyntaxError("a repetition of a repetition", again);
    const [min, max] = bounds;
    if (min > REPEAT_MAX || (max ?? 0) > REPEAT_MAX) {
      throw new RegexSyntaxError(`a repetition of more than ${REPEAT_MAX}`, start);
    }
    if (max !== null && max < min) throw new RegexSyntaxError("a repetition whose maximum is below its minimum", start);
    return { type: "repeat", node, min, max };
  }

  private bounds(): [min: number, max: number | null] | null {
    if (this.take("*")) return [0, null];
    if (this.take("+")) return [1, null];
    if (this.take("?")) return [0, 1];
    const match = /^\{(\d{1,6})(,(\d{1,6})?)?\}/.exec(this.pattern.slice(this.at, this.at + 20));
    // As in RE2, a brace that is no repetition is a brace.
    if (match === null) return null;
    this.at += match[0].length;
    const min = Number(match[1]);
    if (match[2] === undefined) return [min, min];
    return [min, match[3] === undefined ? null : Number(match[3])];
  }

  private atom(flags: Flags, depth: number): Node {
    const start = this.at;
    const char = this.next();
    switch (char) {
      case "(":
        return this.group(flags, depth, start);
      case "[":
        return set(this.charClass(flags, start), false);
      case ".":
        return set(flags.dotAll ? ALL : NOT_NEWLINE, false);
      case "^":
        return { type: "assert", assertion: flags.multiLine ? "lineStart" : "textStart" };
      case "$":
        return { type: "assert", assertion: flags.multiLine ? "lineEnd" : "textEnd" };
      case "*":
      case "+":
      case "?":
        throw new RegexSyntaxError(`nothing to repeat before ${char}`, start);
      case "\\":
        return this.escape(flags, start);
      default: {
        const point = char.codePointAt(0) ?? 0;
        return set([point, point], flags.ignoreCase);
      }
    }
  }

  private group(flags: Flags, depth: number, start: number): Node {
    let inner: Flags = flags;
    if (this.take("?")) {
      const name = /^(?:P?<([A-Za-z_]\w*)>)/.exec(this.pattern.slice(this.at));
      if (name !== null) this.at += name[0].length;
      else {
        const change = /^([imsU]*)(?:-([imsU]+))?([:)])/.exec(this.pattern.slice(this.at));
        if (change === null) {
          throw new RegexSyntaxError("look-around and other (?…) groups are not supported", start);
        }
        this.at += change[0].length;
        inner = withFlags(flags, change[1] ?? "", change[2] ?? "");
        if (change[3] === ")") {
          Object.assign(flags, inner);
          return { type: "empty" };
        }
      }
    }
    const node = this.choice(inner, depth + 1);
    if (!this.take(")")) throw new RegexSyntaxError("an opening ( without a closing one", start);
    return node;
  }

  private escape(flags: Readonly<Flags>, start: number): Node {
    const letter = this.peek();
    switch (letter) {
      case "A":
        this.at += 1;
        return { type: "assert", assertion: "textStart" };
      case "z":
        this.at += 1;
        return { type: "assert", assertion: "textEnd" };
      case "b":
        this.at += 1;
        return { type: "assert", assertion: "wordBoundary" };
      case "B":
        this.at += 1;
        return { type: "assert", assertion: "noWordBoundary" };
      case "Q":
        this.at += 1;
        return this.quoted(flags);
      default: {
        const ranges = this.escapedSet(start);
        return set(ranges, flags.ignoreCase && ranges.length === 2);
      }
    }
  }

  /** `\Q…\E`: as it stands. */
  private quoted(flags: Readonly<Flags>): Node {
    const end = this.pattern.indexOf("\\E", this.at);
    const text = this.pattern.slice(this.at, end < 0 ? undefined : end);
    this.at = end < 0 ? this.pattern.length : end + 2;
    const nodes = Array.from(text, (char): Node => {
      const point = char.codePointAt(0) ?? 0;
      return set([point, point], flags.ignoreCase);
    });
    return nodes.length === 0 ? { type: "empty" } : { type: "sequence", nodes };
  }

  /** After the backslash: a class (`\d`) or one character. */
  private escapedSet(start: number): Ranges {
    if (this.done) throw new RegexSyntaxError("a backslash at the end", start);
    const char = this.next();
    const classes: Readonly<Record<string, Ranges>> = { d: DIGIT, w: WORD, s: SPACE };
    const known = classes[char];
    if (known !== undefined) return known;
    const opposite = classes[char.toLowerCase()];
    if (opposite !== undefined && char !== char.toLowerCase()) return invert(opposite);
    const control = ESCAPED[char];
    if (control !== undefined) return [control, control];
    if (char === "x") return this.hex(start);
    if (/[1-9]/.test(char)) throw new RegexSyntaxError("back-references are not supported", start);
    if (char === "0") return this.octal();
    if (/[A-Za-z]/.test(char)) throw new RegexSyntaxError(`\\${char} is not supported`, start);
    const point = char.codePointAt(0) ?? 0;
    return [point, point];
  }

  private hex(start: number): Ranges {
    const match = /^(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/.exec(this.pattern.slice(this.at, this.at + 8));
    const point = Number.parseInt(match?.[1] ?? match?.[2] ?? "", 16);
    if (match === null || point > LAST)
      throw new RegexSyntaxError("\\x needs two hex digits, or up to six in braces", start);
    this.at += match[0].length;
    return [point, point];
  }

  private octal(): Ranges {
    const match = /^[0-7]{0,2}/.exec(this.pattern.slice(this.at, this.at + 2))?.[0] ?? "";
    this.at += match.length;
    const point = Number.parseInt(`0${match}`, 8);
    return [point, point];
  }

  private charClass(flags: Readonly<Flags>, start: number): Ranges {
    const isNegated = this.take("^");
    const ranges: number[] = [];
    for (let first = true; ; first = false) {
      if (this.done) throw new RegexSyntaxError("a [ without its ]", start);
      if (!first && this.take("]")) break;
      const from = this.classItem();
      const isRange = from.length === 2 && from[0] === from[1] && this.peek() === "-" && this.after() !== "]";
      if (!isRange) {
        ranges.push(...from);
        continue;
      }
      const dash = this.at;
      this.at += 1;
      const to = this.classItem();
      const [low = 0] = from;
      const [high = 0] = to;
      if (to.length !== 2 || to[0] !== to[1] || high < low)
        throw new RegexSyntaxError("a range that is out of order", dash);
      ranges.push(low, high);
    }
    const folded = flags.ignoreCase ? foldCase(normalise(ranges)) : normalise(ranges);
    return isNegated ? invert(folded) : folded;
  }

  private classItem(): Ranges {
    const start = this.at;
    const posix = /^\[:(\^?)([a-z]+):\]/.exec(this.pattern.slice(this.at, this.at + 20));
    if (posix !== null) {
      const known = POSIX[posix[2] ?? ""];
      if (known === undefined) throw new RegexSyntaxError(`${posix[0]} is not a class`, start);
      this.at += posix[0].length;
      return posix[1] === "^" ? invert(known) : known;
    }
    if (this.done) throw new RegexSyntaxError("a [ without its ]", start);
    const char = this.next();
    if (char === "\\") return this.escapedSet(start);
    const point = char.codePointAt(0) ?? 0;
    return [point, point];
  }

  private peek(): string {
    return this.pattern[this.at] ?? "";
  }

  private after(): string {
    return this.pattern[this.at + 1] ?? "";
  }

  private take(char: string): boolean {
    if (this.peek() !== char) return false;
    this.at += 1;
    return true;
  }

  /** One code point. */
  private next(): string {
    const point = this.pattern.codePointAt(this.at) ?? 0;
    const char = String.fromCodePoint(point);
    this.at += char.length;
    return char;
  }
}

function withFlags(flags: Readonly<Flags>, on: string, off: string): Flags {
  const has = (letter: string, before: boolean): boolean =>
    off.includes(letter) ? false : on.includes(letter) ? true : before;
  return {
    ignoreCase: has("i", flags.ignoreCase),
    multiLine: has("m", flags.multiLine),
    dotAll: has("s", flags.dotAll),
  };
}

function set(ranges: Ranges, ignoreCase: boolean): Node {
  return { type: "set", ranges: ignoreCase ? foldCase(ranges) : ranges };
}

/** Adds the other case of each character; wide ranges are folded for letters of the Latin, Greek and Cyrillic blocks. */
function foldCase(ranges: Ranges): Ranges {
  const all = [...ranges];
  for (let index = 0; index < ranges.length; index += 2) {
    const from = ranges[index] ?? 0;
    const to = Math.min(ranges[index + 1] ?? 0, from > 0x24ff ? from + 0x500 : 0x24ff);
    for (let point = from; point <= to; point += 1) {
      const char = String.fromCodePoint(point);
      for (const other of [char.toLowerCase(), char.toUpperCase()]) {
        const folded = other.codePointAt(0);
        if (folded !== undefined && String.fromCodePoint(folded) === other) all.push(folded, folded);
      }
    }
  }
  return normalise(all);
}

/** Sorted, without overlaps. */
function normalise(ranges: readonly number[]): Ranges {
  const pairs: [number, number][] = [];
  for (let index = 0; index < ranges.length; index += 2) pairs.push([ranges[index] ?? 0, ranges[index + 1] ?? 0]);
  pairs.sort((a, b) => a[0] - b[0]);
  const out: number[] = [];
  for (const [low, high] of pairs) {
    const last = out.at(-1);
    if (last !== undefined && low <= last + 1) out[out.length - 1] = Math.max(last, high);
    else out.push(low, high);
  }
  return out;
}

function invert(ranges: Ranges): Ranges {
  const out: number[] = [];
  let next = 0;
  for (let index = 0; index < ranges.length; index += 2) {
    const low = ranges[index] ?? 0;
    if (low > next) out.push(next, low - 1);
    next = (ranges[index + 1] ?? 0) + 1;
  }
  if (next <= LAST) out.push(next, LAST);
  return out;
}
