import type { DataPath } from "./problem.ts";

/** An offset into the text, in UTF-16 code units. */
export interface JsonPlaces {
  /** For each requested path: the offset of its key and of its value; of the nearest parent where the path does not exist. */
  places: { key: number; value: number }[];
  /** The first offence against JSON's grammar; null when there is none. */
  fault: { offset: number; message: string } | null;
  /** Keys that stand in one object for the second time; only the first hundred. */
  repeated: { offset: number; key: string }[];
}

/** Requested paths as a tree, so that one pass over the text finds them all. */
interface Wanted {
  requests: number[];
  children: Map<string | number, Wanted>;
}

const DEPTH_MAX = 500;
const REPEATED_MAX = 100;
const LITERAL = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const SPACE = /[ \t\n\r]*/y;

class Fault extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

function tree(paths: readonly DataPath[]): Wanted {
  const root: Wanted = { requests: [], children: new Map() };
  paths.forEach((path, request) => {
    let at = root;
    for (const step of path) {
      let child = at.children.get(step);
      if (child === undefined) at.children.set(step, (child = { requests: [], children: new Map() }));
      at = child;
    }
    at.requests.push(request);
  });
  return root;
}

/**
 * Finds where paths stand in a JSON text, and the first syntax error, in one pass that builds no data: for files of a
 * hundred megabytes, where a parser that keeps every node's position would need gigabytes.
 */
export function locateInJson(text: string, paths: readonly DataPath[]): JsonPlaces {
  const scan = new JsonScan(text, paths.length);
  try {
    scan.document(tree(paths));
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const { places, repeated } = scan;
    return { places, repeated, fault: { offset: error.offset, message: error.message } };
  }
  return { places: scan.places, repeated: scan.repeated, fault: null };
}

class JsonScan {
  readonly places: { key: number; value: number }[];
  readonly repeated: JsonPlaces["repeated"] = [];
  private at = 0;
  private readonly text: string;

  constructor(text: string, requests: number) {
    this.text = text;
    this.places = Array.from({ length: requests }, () => ({ key: 0, value: 0 }));
  }

  document(wanted: Wanted): void {
    this.space();
    this.value(wanted, this.at, 0);
    this.space();
    if (this.at < this.text.length) throw new Fault("there is something after the end of the document", this.at);
  }

  private value(asked: Wanted | undefined, keyOffset: number, depth: number): void {
    if (depth > DEPTH_MAX) throw new Fault(`nested deeper than ${DEPTH_MAX} levels`, this.at);
    if (asked !== undefined) this.mark(asked, keyOffset);
    const char = this.text[this.at];
    // An element written without its brackets is the first of its list.
    const wanted = char === "[" ? asked : (asked?.children.get(0) ?? asked);
    if (char === "{") this.object(wanted, depth);
    else if (char === "[") this.array(wanted, depth);
    else if (char === '"') this.string();
    else if (!this.skip(LITERAL)) throw new Fault(this.unexpected("a value"), this.at);
  }

  /** Descendants that turn out not to exist keep their parent's place. */
  private mark(wanted: Wanted, keyOffset: number): void {
    for (const request of wanted.requests) this.places[request] = { key: keyOffset, value: this.at };
    for (const child of wanted.children.values()) this.mark(child, keyOffset);
  }

  private object(wanted: Wanted | undefined, depth: number): void {
    this.at += 1;
    this.space();
    if (this.text[this.at] === "}") {
      this.at += 1;
      return;
    }
    const keys = new Set<string>();
    for (;;) {
      const keyOffset = this.at;
      const key = this.string();
      if (keys.has(key) && this.repeated.length < REPEATED_MAX) this.repeated.push({ offset: keyOffset, key });
      keys.add(key);
      this.space();
      this.expect(":");
      this.space();
      this.value(wanted?.children.get(key), keyOffset, depth + 1);
      this.space();
      if (this.text[this.at] === "}") break;
      this.expect(",", "a comma or }");
      this.space();
    }
    this.at += 1;
  }

  private array(wanted: Wanted | undefined, depth: number): void {
    this.at += 1;
    this.space();
    if (this.text[this.at] === "]") {
      this.at += 1;
      return;
    }
    const anyChild = wanted !== undefined && wanted.children.size > 0;
    for (let index = 0; ; index += 1) {
      this.value(anyChild ? wanted.children.get(index) : undefined, this.at, depth + 1);
      this.space();
      if (this.text[this.at] === "]") break;
      this.expect(",", "a comma or ]");
      this.space();
    }
    this.at += 1;
  }

  private string(): string {
    const from = this.at;
    if (this.text[from] !== '"') throw new Fault(this.unexpected('"'), from);
    let end = from;
    do end = this.text.indexOf('"', end + 1);
    while (end !== -1 && this.isEscaped(end));
    if (end === -1) throw new Fault("this text is not closed", from);
    this.at = end + 1;
    const literal = this.text.slice(from, this.at);
    // Plain texts, nearly all of them, need no decoding.
    if (!/[\\\p{Cc}]/u.test(literal)) return literal.slice(1, -1);
    try {
      return JSON.parse(literal) as string;
    } catch {
      throw new Fault("this text holds a character that must be escaped", from);
    }
  }

  /** An odd number of backslashes stands before it. */
  private isEscaped(offset: number): boolean {
    let backslashes = 0;
    while (this.text[offset - 1 - backslashes] === "\\") backslashes += 1;
    return backslashes % 2 === 1;
  }

  private expect(char: string, what = char): void {
    if (this.text[this.at] !== char) throw new Fault(this.unexpected(what), this.at);
    this.at += 1;
  }

  private unexpected(what: string): string {
    const found = this.text[this.at];
    return found === undefined ? `the text ends where ${what} is expected` : `${what} is expected here`;
  }

  private space(): void {
    const code = this.text.charCodeAt(this.at);
    if (code === 32 || code === 10 || code === 13 || code === 9) this.skip(SPACE);
  }

  private skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    if (!pattern.test(this.text)) return false;
    this.at = pattern.lastIndex;
    return true;
  }
}
