import type { Finding } from "../../../protocol/finding.ts";
import { locateInJson } from "./json-position.ts";
import type { Problem } from "./problem.ts";

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const LINE_FEED = 0x0a;
/** Entries between two remembered places; see `offsetOf`. */
const MARK_EVERY = 1024;
const PARSED_TOGETHER = 256;

/** The scan met what no JSON document has. */
class NotPlain extends SyntaxError {}

interface Section {
  key: number;
  from: number;
  to: number;
  /** Byte offsets of every `MARK_EVERY`th entry that was read. */
  marks: number[];
}

/**
 * A large JSON document whose root is a mapping of lists, read entry by entry from its bytes: neither the text nor the
 * parsed whole is ever in memory. For what `JSON.parse` accepts it gives the same data.
 */
export class JsonEntries {
  readonly file: string;
  private readonly bytes: Buffer;
  private readonly sections = new Map<string, Section>();

  private constructor(bytes: Buffer, file: string) {
    this.bytes = bytes;
    this.file = file;
    this.index();
  }

  /** undefined where the bytes are not such a document; an ordinary reader then says what is wrong. */
  static open(bytes: Buffer, file: string): JsonEntries | undefined {
    try {
      return new JsonEntries(bytes, file);
    } catch (error) {
      if (error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  keys(): string[] {
    return [...this.sections.keys()];
  }

  /** The whole value of a key; undefined where there is none. Throws a SyntaxError for what is no JSON. */
  value(key: string): unknown {
    const section = this.sections.get(key);
    return section === undefined ? undefined : this.parse(section.from, section.to);
  }

  /** The entries of a list, one at a time; undefined where the key's value is no list. Throws a SyntaxError as above. */
  entries(key: string): Iterable<unknown> | undefined {
    const section = this.sections.get(key);
    return section !== undefined && this.bytes[section.from] === OPEN_BRACKET ? this.walk(section) : undefined;
  }

  /** Gives each problem its place; paths begin with section and index. */
  locate(problems: readonly Problem[]): Finding[] {
    const offsets = problems.map(({ path, part }) => {
      const [key, index, ...rest] = path;
      const section = this.sections.get(String(key));
      if (section === undefined) return 0;
      if (typeof index !== "number") return path.length === 1 && part === "key" ? section.key : section.from;
      const offset = this.offsetOf(section, index);
      return this.bytes[section.from] === OPEN_BRACKET ? this.within(offset, rest, part) : offset;
    });
    const places = this.placesOf(offsets);
    return problems.map(({ severity, code, message, hint }, index) => {
      const place = places.get(offsets[index] ?? 0) ?? { line: 1, column: 1 };
      return { severity, code, file: this.file, ...place, message, hint };
    });
  }

  private within(from: number, path: readonly (string | number)[], part: Problem["part"]): number {
    const text = this.text(from, this.skipValue(from));
    const place = locateInJson(text, [path]).places[0]?.[part] ?? 0;
    return from + Buffer.byteLength(text.slice(0, place));
  }

  private text(from: number, to: number): string {
    return this.bytes.toString("utf8", from, to);
  }

  private parse(from: number, to: number): unknown {
    return JSON.parse(this.text(from, to)) as unknown;
  }

  private index(): void {
    let at = this.skipSpace(this.bytes[0] === 0xef ? 3 : 0);
    at = this.skipSpace(this.expect(at, OPEN_BRACE));
    while (this.bytes[at] !== CLOSE_BRACE) {
      const keyEnd = this.skipString(at);
      const key = this.parse(at, keyEnd) as string;
      const from = this.skipSpace(this.expect(this.skipSpace(keyEnd), COLON));
      const to = this.skipValue(from);
      // Which of two equal keys counts is for the ordinary reader to tell.
      if (this.sections.has(key)) throw new NotPlain();
      this.sections.set(key, { key: at, from, to, marks: [] });
      at = this.separator(to, CLOSE_BRACE);
    }
    if (this.skipSpace(at + 1) < this.bytes.length) throw new NotPlain();
  }

  /** Entries are parsed some hundred at a time: the parser's call costs more than an entry. */
  private *walk(section: Section): Generator {
    let at = this.skipSpace(section.from + 1);
    let index = 0;
    while (this.bytes[at] !== CLOSE_BRACKET) {
      const from = at;
      let to = at;
      for (let taken = 0; taken < PARSED_TOGETHER && this.bytes[at] !== CLOSE_BRACKET; taken += 1, index += 1) {
        if (index % MARK_EVERY === 0) section.marks[index / MARK_EVERY] = at;
        to = this.skipValue(at);
        at = this.separator(to, CLOSE_BRACKET);
      }
      yield* JSON.parse(`[${this.text(from, to)}]`) as unknown[];
    }
  }

  /** Only problems need it, so only every thousandth place is remembered. */
  private offsetOf(section: Section, index: number): number {
    if (this.bytes[section.from] !== OPEN_BRACKET) return section.from;
    const mark = Math.min(Math.floor(index / MARK_EVERY), section.marks.length - 1);
    let at = section.marks[mark] ?? this.skipSpace(section.from + 1);
    for (let entry = Math.max(0, mark) * MARK_EVERY; entry < index; entry += 1)
      at = this.separator(this.skipValue(at), CLOSE_BRACKET);
    return at;
  }

  /** After a value: over a comma to the next one, or to the closing bracket. */
  private separator(after: number, close: number): number {
    const at = this.skipSpace(after);
    if (this.bytes[at] === close) return at;
    const next = this.skipSpace(this.expect(at, COMMA));
    if (this.bytes[next] === close) throw new NotPlain();
    return next;
  }

  private expect(at: number, byte: number): number {
    if (this.bytes[at] !== byte) throw new NotPlain();
    return at + 1;
  }

  private skipSpace(from: number): number {
    let at = from;
    for (
      let byte = this.bytes[at];
      byte === 0x20 || byte === LINE_FEED || byte === 0x0d || byte === 0x09;
      byte = this.bytes[at]
    )
      at += 1;
    return at;
  }

  private skipString(from: number): number {
    let at = this.expect(from, QUOTE);
    for (;;) {
      const byte = this.bytes[at];
      if (byte === undefined) throw new NotPlain();
      if (byte === QUOTE) return at + 1;
      at += byte === BACKSLASH ? 2 : 1;
    }
  }

  /** Over one value; what is inside is checked when it is parsed. */
  private skipValue(from: number): number {
    const first = this.bytes[from];
    if (first === QUOTE) return this.skipString(from);
    if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return this.skipLiteral(from);
    let depth = 0;
    let at = from;
    do {
      const byte = this.bytes[at];
      if (byte === undefined) throw new NotPlain();
      if (byte === QUOTE) {
        at = this.skipString(at);
        continue;
      }
      if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1;
      else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth -= 1;
      at += 1;
    } while (depth > 0);
    return at;
  }

  private skipLiteral(from: number): number {
    let at = from;
    for (
      let byte = this.bytes[at];
      byte !== undefined && /[\w.+-]/.test(String.fromCharCode(byte));
      byte = this.bytes[at]
    )
      at += 1;
    if (at === from) throw new NotPlain();
    return at;
  }

  /** Lines by line feeds; columns in UTF-16 code units, as editors count them. One pass for all: a file may be one line. */
  private placesOf(offsets: readonly number[]): Map<number, { line: number; column: number }> {
    const places = new Map<number, { line: number; column: number }>();
    let line = 1;
    let column = 1;
    let at = 0;
    for (const offset of [...new Set(offsets)].sort((a, b) => a - b)) {
      for (; at < offset; at += 1) {
        const byte = this.bytes[at] ?? 0;
        if (byte === LINE_FEED) {
          line += 1;
          column = 1;
        } else if ((byte & 0xc0) !== 0x80) column += byte >= 0xf0 ? 2 : 1;
      }
      places.set(offset, { line, column });
    }
    return places;
  }
}
