import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from "yaml";
import type { Finding } from "../../protocol/finding.ts";
import { TOO_DEEP, TOO_DEEP_HINT, tooDeepAt } from "../../protocol/yaml-depth.ts";
import { RULE_LIMITS } from "../detect/rule.ts";

/** A key of a map with its value, both with their places. */
export interface Entry {
  key: string;
  keyOffset: number;
  value: Node | null;
}

/**
 * Reads YAML by hand, node by node, so that each mistake gets its place and none stops the search for the others.
 * Everything it returns is undefined where the finding has already been written.
 */
export class YamlReader {
  readonly findings: Finding[] = [];
  readonly #file: string;
  readonly #lines = new LineCounter();
  readonly #text: string;

  constructor(text: string, file: string) {
    this.#file = file;
    this.#text = text;
  }

  /** The document's top, where it is a map. */
  root(example: string): YAMLMap | undefined {
    if (this.#text.length > RULE_LIMITS.textBytes) {
      this.error(0, "RULE_FILE_TOO_LARGE", `a file of ${this.#text.length} characters`, "split the pack");
      return undefined;
    }
    const document = parseDocument(this.#text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      uniqueKeys: true,
      version: "1.2",
    });
    const deep = tooDeepAt(document.errors);
    if (deep !== null) this.error(deep, "RULE_YAML_SYNTAX", TOO_DEEP, TOO_DEEP_HINT);
    for (const problem of deep === null ? document.errors : []) {
      const message = problem.message.replace(/\s+/g, " ").replace(/\.$/, "");
      this.error(problem.pos[0], "RULE_YAML_SYNTAX", message, "correct the YAML; indent with spaces only");
    }
    if (document.errors.length > 0) return undefined;
    if (!isMap(document.contents)) {
      this.error(document.contents?.range?.[0] ?? 0, "RULE_WRONG_TYPE", "the file is not a map of keys", example);
      return undefined;
    }
    return document.contents;
  }

  lineOf(offset: number): number {
    return Math.max(1, this.#lines.linePos(offset).line);
  }

  error(offset: number, code: string, message: string, hint: string): void {
    this.#find("error", offset, code, message, hint);
  }

  warning(offset: number, code: string, message: string, hint: string): void {
    this.#find("warning", offset, code, message, hint);
  }

  #find(severity: Finding["severity"], offset: number, code: string, message: string, hint: string): void {
    const place = this.#lines.lineStarts.length === 0 ? { line: 1, col: 1 } : this.#lines.linePos(offset);
    this.findings.push({
      severity,
      code,
      file: this.#file,
      line: Math.max(1, place.line),
      column: Math.max(1, place.col),
      message,
      hint,
    });
  }

  /** The entries of a map; unknown keys are reported, with the nearest known one. */
  entries(map: YAMLMap, known: readonly string[], of: string): Map<string, Entry> {
    const found = new Map<string, Entry>();
    for (const pair of map.items) {
      const keyNode = pair.key as Node;
      const keyOffset = keyNode?.range?.[0] ?? map.range?.[0] ?? 0;
      if (!isScalar(keyNode) || typeof keyNode.value !== "string") {
        this.error(
          keyOffset,
          "RULE_WRONG_TYPE",
          `a key of ${of} that is not text`,
          "write a plain name before the colon",
        );
        continue;
      }
      const key = keyNode.value;
      if (!known.includes(key)) {
        const near = nearest(key, known);
        const hint = near === undefined ? `known keys: ${known.join(", ")}` : `did you mean ${JSON.stringify(near)}?`;
        this.error(keyOffset, "RULE_UNKNOWN_KEY", `${of} has no key ${JSON.stringify(key)}`, hint);
        continue;
      }
      found.set(key, { key, keyOffset, value: pair.value as Node | null });
    }
    return found;
  }

  /** All entries of a map with free keys (labels). */
  freeEntries(map: YAMLMap): Entry[] {
    return map.items.flatMap((pair) => {
      const keyNode = pair.key as Node;
      if (isScalar(keyNode) && (typeof keyNode.value === "string" || typeof keyNode.value === "number")) {
        return [{ key: String(keyNode.value), keyOffset: keyNode.range?.[0] ?? 0, value: pair.value as Node | null }];
      }
      this.error(keyNode?.range?.[0] ?? 0, "RULE_WRONG_TYPE", "a key that is not text", "write a plain name");
      return [];
    });
  }

  map(entry: Entry, example: string): YAMLMap | undefined {
    if (isMap(entry.value)) return entry.value;
    this.#wrongType(entry, "a map of keys", example);
    return undefined;
  }

  list(entry: Entry, example: string): Node[] | undefined {
    if (isSeq(entry.value)) return entry.value.items as Node[];
    this.#wrongType(entry, "a list", example);
    return undefined;
  }

  /** Text that is not empty. */
  text(entry: Entry, example: string, max = 4000): string | undefined {
    const { value } = entry;
    if (isScalar(value) && typeof value.value === "string" && value.value.trim() !== "") {
      if (value.value.length <= max) return value.value;
      this.error(
        offsetOf(entry),
        "RULE_TOO_LONG",
        `${JSON.stringify(entry.key)} of ${value.value.length} characters`,
        `at most ${max}`,
      );
      return undefined;
    }
    this.#wrongType(entry, "text", example);
    return undefined;
  }

  /** A scalar as the author wrote it: text or a number. */
  scalar(entry: Entry, what: string, example: string): string | number | undefined {
    const { value } = entry;
    if (isScalar(value) && (typeof value.value === "string" || typeof value.value === "number")) return value.value;
    this.#wrongType(entry, what, example);
    return undefined;
  }

  /** One text or a list of texts. */
  texts(entry: Entry, example: string): string[] | undefined {
    const nodes = isSeq(entry.value) ? (entry.value.items as Node[]) : [entry.value];
    const texts: string[] = [];
    for (const node of nodes) {
      if (isScalar(node) && typeof node.value === "string") texts.push(node.value);
      else if (isScalar(node) && typeof node.value === "number") texts.push(String(node.value));
      else {
        this.error(
          node?.range?.[0] ?? offsetOf(entry),
          "RULE_WRONG_TYPE",
          `${JSON.stringify(entry.key)} holds ${kindOf(node)} where text belongs`,
          example,
        );
        return undefined;
      }
    }
    return texts;
  }

  #wrongType(entry: Entry, wanted: string, example: string): void {
    this.error(
      offsetOf(entry),
      "RULE_WRONG_TYPE",
      `${JSON.stringify(entry.key)} is ${kindOf(entry.value)}, and must be ${wanted}`,
      example,
    );
  }
}

/** Where the value stands; where there is none, its key. */
export function offsetOf(entry: Entry): number {
  return entry.value?.range?.[0] ?? entry.keyOffset;
}

/** Offset in the file of an offset inside a scalar's text. Exact for text on one line without escapes. */
export function offsetInside(entry: Entry, inner: number): number {
  const start = offsetOf(entry);
  if (!isScalar(entry.value)) return start;
  const { type } = entry.value;
  if (type === "PLAIN") return start + inner;
  return type === "QUOTE_DOUBLE" || type === "QUOTE_SINGLE" ? start + 1 + inner : start;
}

function kindOf(node: Node | null): string {
  if (isMap(node)) return "a map";
  if (isSeq(node)) return "a list";
  if (isAlias(node)) return "an alias";
  if (!isScalar(node) || node.value === null) return "empty";
  if (node.value === "") return "empty text";
  return typeof node.value === "string" ? "text" : `the ${typeof node.value} ${JSON.stringify(node.value)}`;
}

/** The known word that differs least; undefined where none is near. Small edit distance, for "did you mean". */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.min(3, Math.ceil(word.length / 2));
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase().slice(0, 64), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
