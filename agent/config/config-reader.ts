import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { parseDuration } from "../../protocol/duration.ts";
import type { Finding } from "../../protocol/finding.ts";
import { TOO_DEEP, TOO_DEEP_HINT, tooDeepAt } from "../../protocol/yaml-depth.ts";
import { parseQuantity } from "../../rules/language/quantity.ts";
import { nearest } from "../../rules/language/yaml-reader.ts";

/** A value of the file with the words by which a message names it: `watch.ports[2].timeout`. */
export interface Value {
  node: Node | null;
  path: string;
  offset: number;
}

/** Reads one value; undefined where a finding was written. */
export type Read<T> = (reader: ConfigReader, value: Value) => T | undefined;

/** Far more than any sensible file has. */
const FILE_CHARACTERS_MAX = 1024 * 1024;
const LIST_MAX = 1000;
const SIZE = /^\d+(\.\d+)? ?([kMGT]?B|[KMGT]iB|%)?$/;

/** Walks an agent's file node by node, so that every mistake gets its place and none hides another. */
export class ConfigReader {
  readonly findings: Finding[] = [];
  readonly #file: string;
  readonly #wrong = new Set<string>();
  readonly #lines = new LineCounter();

  constructor(file: string) {
    this.#file = file;
  }

  /** The top of the document; null for an empty one. undefined with findings where it cannot be read at all. */
  root(text: string): Value | null | undefined {
    const whole: Value = { node: null, path: "the file", offset: 0 };
    if (text.length > FILE_CHARACTERS_MAX) {
      this.error(whole, "AGENT_FILE_TOO_LARGE", `a file of ${text.length} characters`, "it cannot be an agent's file");
      return undefined;
    }
    const document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, uniqueKeys: true });
    const deep = tooDeepAt(document.errors);
    if (deep !== null) this.error({ ...whole, offset: deep }, "AGENT_YAML_SYNTAX", TOO_DEEP, TOO_DEEP_HINT);
    for (const problem of deep === null ? document.errors : []) {
      const message = problem.message.replace(/\s+/g, " ").replace(/\.$/, "");
      this.error({ ...whole, offset: problem.pos[0] }, "AGENT_YAML_SYNTAX", message, "indent with spaces only");
    }
    if (document.errors.length > 0) return undefined;
    const { contents } = document;
    if (contents === null || (isScalar(contents) && contents.value === null)) return null;
    return { node: contents as Node, path: "the file", offset: contents.range?.[0] ?? 0 };
  }

  /** The value at these keys below `value`; null where there is none. Says nothing of it. */
  find(value: Value, keys: readonly string[]): Value | null {
    let found = value;
    for (const key of keys) {
      if (!isMap(found.node)) return null;
      const pair = found.node.items.find((each) => isScalar(each.key) && String(each.key.value) === key);
      if (pair === undefined) return null;
      const offset = (pair.key as Node).range?.[0] ?? found.offset;
      const path = found.path === value.path ? key : `${found.path}.${key}`;
      found = { node: pair.value as Node | null, path, offset };
    }
    return found;
  }

  /** Whether this value, by its path, is there and already has a finding. */
  isWrong(path: string): boolean {
    return this.#wrong.has(path);
  }

  error(value: Value, code: string, message: string, hint: string): undefined {
    const { line, col } = this.#lines.lineStarts.length === 0 ? { line: 1, col: 1 } : this.#lines.linePos(value.offset);
    this.#wrong.add(value.path);
    this.findings.push({
      severity: "error",
      code,
      file: this.#file,
      line: Math.max(1, line),
      column: Math.max(1, col),
      message,
      hint,
    });
    return undefined;
  }

  /** A map with known keys. `read` has one entry for each; unknown keys are errors. Keys that are absent are left out. */
  map<T extends object>(value: Value, read: { [K in keyof T]: Read<T[K]> }): Partial<T> | undefined {
    if (!isMap(value.node)) return this.#wrongType(value, "a map of keys");
    const known = Object.keys(read);
    const found: Partial<T> = {};
    for (const pair of value.node.items) {
      const key = isScalar(pair.key) ? String(pair.key.value) : "";
      const keyOffset = (pair.key as Node | null)?.range?.[0] ?? value.offset;
      const path = value.path === "the file" ? key : `${value.path}.${key}`;
      const node = pair.value as Node | null;
      if (!known.includes(key)) {
        const near = nearest(key, known);
        const hint = near === undefined ? `known keys: ${known.join(", ")}` : `did you mean ${JSON.stringify(near)}?`;
        this.error(
          { node, path, offset: keyOffset },
          "AGENT_UNKNOWN_KEY",
          `${value.path} has no key ${JSON.stringify(key)}`,
          hint,
        );
        continue;
      }
      const entry: Value = { node, path, offset: node?.range?.[0] ?? keyOffset };
      const result = read[key as keyof T](this, entry);
      if (result !== undefined) found[key as keyof T] = result;
    }
    return found;
  }

  /** A list; a single value where `orOne` counts as a list of it. */
  list<T>(value: Value, read: Read<T>, orOne = false): T[] | undefined {
    if (!isSeq(value.node)) {
      if (!orOne || value.node === null) return this.#wrongType(value, "a list");
      const one = read(this, value);
      return one === undefined ? undefined : [one];
    }
    const items = value.node.items as (Node | null)[];
    if (items.length > LIST_MAX)
      return this.error(value, "AGENT_TOO_MANY", `${value.path} has ${items.length} entries`, `at most ${LIST_MAX}`);
    const found = items.map((node, index) =>
      read(this, { node, path: `${value.path}[${index}]`, offset: node?.range?.[0] ?? value.offset }),
    );
    return found.every((item) => item !== undefined) ? found : undefined;
  }

  text(value: Value, maxLength = 1000): string | undefined {
    const { node } = value;
    if (!isScalar(node) || typeof node.value !== "string" || node.value.trim() === "")
      return this.#wrongType(value, "text");
    if (node.value.length > maxLength || /\p{Cc}/u.test(node.value.replaceAll("\t", " ")))
      return this.error(value, "AGENT_BAD_VALUE", `${value.path} is too long or holds control characters`, "");
    return node.value;
  }

  boolean(value: Value): boolean | undefined {
    const { node } = value;
    return isScalar(node) && typeof node.value === "boolean" ? node.value : this.#wrongType(value, "true or false");
  }

  integer(value: Value, min: number, max: number): number | undefined {
    const { node } = value;
    if (!isScalar(node) || typeof node.value !== "number" || !Number.isInteger(node.value))
      return this.#wrongType(value, "a whole number");
    if (node.value < min || node.value > max)
      return this.error(value, "AGENT_OUT_OF_RANGE", `${value.path} is ${node.value}`, `from ${min} to ${max}`);
    return node.value;
  }

  oneOf<const T extends string>(value: Value, allowed: readonly T[]): T | undefined {
    const text = isScalar(value.node) ? value.node.value : null;
    const found = allowed.find((each) => each === text);
    if (found !== undefined) return found;
    const shown = typeof text === "string" ? JSON.stringify(text) : kindOf(value.node);
    return this.error(value, "AGENT_BAD_VALUE", `${value.path} is ${shown}`, `one of ${allowed.join(", ")}`);
  }

  /** Milliseconds. */
  duration(value: Value, min: string, max: string): number | undefined {
    const { node } = value;
    const text = isScalar(node) ? node.value : null;
    const ms = typeof text === "string" ? parseDuration(text) : null;
    if (ms === null)
      return this.error(
        value,
        "AGENT_BAD_DURATION",
        `${value.path} is ${shownOf(node)}`,
        "a number with its unit: 500ms, 30s, 5m, 1h",
      );
    if (ms < parseDuration(min)! || ms > parseDuration(max)!)
      return this.error(value, "AGENT_OUT_OF_RANGE", `${value.path} is ${String(text)}`, `from ${min} to ${max}`);
    return ms;
  }

  /** Bytes, or a share where `percent`. */
  size(value: Value): { value: number; percent: boolean } | undefined {
    const { node } = value;
    const text = isScalar(node) ? node.value : null;
    const quantity = SIZE.test(String(text)) ? parseQuantity(String(text)) : undefined;
    if (quantity === undefined)
      return this.error(value, "AGENT_BAD_SIZE", `${value.path} is ${shownOf(node)}`, "bytes with a unit: 64MiB, 1GiB");
    return quantity;
  }

  #wrongType(value: Value, wanted: string): undefined {
    return this.error(value, "AGENT_WRONG_TYPE", `${value.path} is ${kindOf(value.node)}, and must be ${wanted}`, "");
  }
}

function shownOf(node: Node | null): string {
  return isScalar(node) && node.value !== null ? JSON.stringify(node.value) : kindOf(node);
}

function kindOf(node: Node | null): string {
  if (isMap(node)) return "a map";
  if (isSeq(node)) return "a list";
  if (!isScalar(node) || node.value === null) return "empty";
  return typeof node.value === "string" ? "text" : `the ${typeof node.value} ${JSON.stringify(node.value)}`;
}
