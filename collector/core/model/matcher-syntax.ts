import type { Matcher } from "./silence.ts";

export type MatcherParse =
  | { status: "parsed"; matchers: Matcher[] }
  /** `offset`: where in the text, in UTF-16 code units. */
  | { status: "invalid"; message: string; offset: number };

/** Characters that end an unquoted name or value: Alertmanager's UTF-8 matcher grammar. */
const RESERVED = new Set(["{", "}", "!", "=", "~", ",", "\\", '"', "'", "`"]);
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", '"': '"', "\\": "\\", "'": "'" };

const isSpace = (char: string): boolean => char === " " || char === "\t" || char === "\n" || char === "\r";

class Invalid extends Error {
  readonly offset: number | undefined;
  constructor(message: string, offset?: number) {
    super(message);
    this.offset = offset;
  }
}

class Scanner {
  at = 0;
  /** Exclusive. */
  readonly end: number;
  readonly text: string;

  constructor(text: string) {
    this.text = text;
    this.skipSpace(text.length);
    const end = text.trimEnd().length;
    if (this.char !== "{") {
      this.end = end;
      return;
    }
    if (text[end - 1] !== "}") throw new Invalid("a closing } is missing", end);
    this.at += 1;
    this.end = end - 1;
  }

  get char(): string {
    return this.text[this.at] ?? "";
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  skipSpace(end = this.end): void {
    while (this.at < end && isSpace(this.char)) this.at += 1;
  }

  take(expected: string): boolean {
    if (!this.text.startsWith(expected, this.at)) return false;
    this.at += expected.length;
    return true;
  }
}

function quoted(scanner: Scanner): string {
  scanner.at += 1;
  let value = "";
  while (!scanner.done) {
    const char = scanner.char;
    scanner.at += 1;
    if (char === '"') return value;
    if (char !== "\\") {
      value += char;
      continue;
    }
    const escaped = ESCAPES[scanner.char];
    // A backslash before anything else stays: regular expressions are full of them, and older tools write them so.
    value += escaped ?? `\\${scanner.char}`;
    scanner.at += 1;
  }
  throw new Invalid('a closing " is missing');
}

function bare(scanner: Scanner): string {
  const from = scanner.at;
  while (!scanner.done && !RESERVED.has(scanner.char) && !isSpace(scanner.char)) scanner.at += 1;
  return scanner.text.slice(from, scanner.at);
}

/**
 * A value without quotes reaches to the next comma or end: the older form of the syntax, in which `check=~disk_(a|b)`
 * and `url=http://x/?a=b` need no quotes. A backslash stays unless it stands before another, a quote or an n.
 */
function bareValue(scanner: Scanner): string {
  const from = scanner.at;
  while (!scanner.done && scanner.char !== ",") scanner.at += 1;
  return unescaped(scanner.text.slice(from, scanner.at).trim());
}

const unescaped = (text: string): string =>
  text.replace(/\\([n"\\])/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));

function operator(scanner: Scanner): Pick<Matcher, "isRegex" | "isEqual"> {
  if (scanner.take("=~")) return { isRegex: true, isEqual: true };
  if (scanner.take("!~")) return { isRegex: true, isEqual: false };
  if (scanner.take("!=")) return { isRegex: false, isEqual: false };
  if (scanner.take("=")) return { isRegex: false, isEqual: true };
  throw new Invalid("one of = != =~ !~ is expected here");
}

function one(scanner: Scanner): Matcher {
  scanner.skipSpace();
  const name = scanner.char === '"' ? quoted(scanner) : bare(scanner);
  if (name === "") throw new Invalid("a label's name is expected here");
  scanner.skipSpace();
  const kind = operator(scanner);
  scanner.skipSpace();
  const value = scanner.char === '"' ? quoted(scanner) : bareValue(scanner);
  scanner.skipSpace();
  return { name, value, ...kind };
}

/**
 * Reads matchers as Alertmanager, amtool and our own files write them: `a="b"`, `a=b`, `{a="b", c=~"d.*"}`.
 * It does not look into regular expressions.
 */
export function parseMatchers(text: string): MatcherParse {
  let scanner: Scanner | undefined;
  const matchers: Matcher[] = [];
  try {
    scanner = new Scanner(text);
    scanner.skipSpace();
    while (!scanner.done) {
      matchers.push(one(scanner));
      if (!scanner.take(",")) break;
      scanner.skipSpace();
    }
    if (!scanner.done) throw new Invalid("a comma or the end is expected here");
    if (matchers.length === 0) throw new Invalid("there is no matcher");
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    return { status: "invalid", message: error.message, offset: error.offset ?? scanner?.at ?? 0 };
  }
  return { status: "parsed", matchers };
}

/**
 * Reads one matcher whose value, when it has no quotes, reaches to the end, commas and all: `path=1,2`, `pod=~web-.{1,3}`.
 * That is the older form in which Alertmanager reads a filter that is no list of matchers.
 */
export function parseBareMatcher(text: string): MatcherParse {
  const [, name = "", sign = "", value = ""] = /^\s*([a-zA-Z_:][\w:]*)\s*(=~|!~|!=|=)\s*([^"]*)$/.exec(text) ?? [];
  if (name === "") return { status: "invalid", message: "there is no matcher", offset: 0 };
  const kind = { isRegex: sign.endsWith("~"), isEqual: !sign.startsWith("!") };
  return { status: "parsed", matchers: [{ name, value: unescaped(value.trim()), ...kind }] };
}

/** The matcher as `parseMatchers` reads it: `name=~"value"`, quoted always. */
export function formatMatcher(matcher: Matcher): string {
  const operator = matcher.isRegex ? (matcher.isEqual ? "=~" : "!~") : matcher.isEqual ? "=" : "!=";
  const name = /^[\p{L}\p{N}_.:-]+$/u.test(matcher.name) ? matcher.name : quote(matcher.name);
  return `${name}${operator}${quote(matcher.value)}`;
}

function quote(text: string): string {
  const escaped = text
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r")
    .replaceAll("\t", "\\t");
  return `"${escaped}"`;
}
