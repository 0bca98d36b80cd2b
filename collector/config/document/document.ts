import { createRequire } from "node:module";
import type * as Yaml from "yaml";
import type { Document as YamlDocument, LineCounter, Node } from "yaml";
import type { Finding } from "../../../protocol/finding.ts";
import { TOO_DEEP, TOO_DEEP_HINT, tooDeepAt } from "../../../protocol/yaml-depth.ts";
import { locateInJson } from "./json-position.ts";
import type { DataPath, Problem } from "./problem.ts";

/** A file that an operator wrote, as data, with the way back from a piece of data to its line and column. */
export interface SourceDocument {
  file: string;
  /** What `JSON.parse` would give. Keys may be hostile (`__proto__`): read it with own-property access only. */
  value: unknown;
  /** Gives each problem its place. Costs one more pass over the text. */
  locate(problems: readonly Problem[]): Finding[];
}

export type ReadResult = { status: "read"; document: SourceDocument } | { status: "broken"; findings: Finding[] };

export interface ReadOptions {
  /** `CONFIG`, `CMDB`: the room's prefix for the codes `…_SYNTAX` and `…_TOO_LARGE`. */
  prefix: string;
  sizeMaxBytes: number;
  /** YAML keeps a node for each value: its limit is lower. */
  yamlSizeMaxBytes: number;
}

const load = createRequire(import.meta.url);

/** Loaded with the first text that is not JSON: to load it takes longer than to read a CMDB of a thousand CIs. */
const yaml = (): typeof Yaml => load("yaml") as typeof Yaml;

/** Nodes that aliases may multiply into: enough for every honest use, too few for a bomb. */
const ALIASES_MAX = 100;
/** More mistakes of grammar follow from the first. */
const SYNTAX_SHOWN = 20;

const YAML_HINTS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: "indent with spaces",
  DUPLICATE_KEY: "a key may stand only once in a mapping: remove or rename one",
  BAD_INDENT: "lines of one mapping or list begin in the same column",
  MISSING_CHAR: "a quote, bracket or comma is missing",
  MULTIPLE_DOCS: "remove the line ---, or split the file",
};

/** Where the library speaks to programmers. */
const YAML_WORDS: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: "this file holds more than one document",
};

/**
 * Reads JSON or YAML 1.2. JSON is tried first where the text looks like it, because it is fifty times as fast.
 * Never throws for any text.
 */
export function readDocument(text: string, file: string, options: ReadOptions): ReadResult {
  const plain = text.startsWith("\uFEFF") ? text.slice(1) : text;
  const looksLikeJson = /^\s*[[{]/.test(plain.slice(0, 10_000));
  if (plain.length > options.sizeMaxBytes) return tooLarge(file, options.prefix, plain.length, options.sizeMaxBytes);
  if (looksLikeJson) {
    const value = tryJson(plain);
    if (value !== undefined) return jsonRead(plain, file, value, options.prefix);
    if (/\.json$/i.test(file)) return { status: "broken", findings: [jsonFault(plain, file, options.prefix)] };
  }
  if (plain.length > options.yamlSizeMaxBytes)
    return tooLarge(file, options.prefix, plain.length, options.yamlSizeMaxBytes, "write it as JSON, or split it");
  return readYaml(plain, file, options.prefix);
}

function tooLarge(file: string, prefix: string, size: number, limit: number, hint = "split it"): ReadResult {
  const message = `the file has ${size} characters, the limit is ${limit}`;
  return {
    status: "broken",
    findings: [{ severity: "error", code: `${prefix}_TOO_LARGE`, file, line: 1, column: 1, message, hint }],
  };
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    // The place and reason come from our own scan, which does not depend on the engine's wording.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** `JSON.parse` lets the last of two equal keys win, and says nothing. */
function jsonRead(text: string, file: string, value: unknown, prefix: string): ReadResult {
  const { repeated } = locateInJson(text, []);
  if (repeated.length === 0) return { status: "read", document: jsonDocument(text, file, value) };
  const findings = repeated.slice(0, SYNTAX_SHOWN).map(
    ({ offset, key }): Finding => ({
      severity: "error",
      code: `${prefix}_SYNTAX`,
      file,
      ...placeOf(text, offset),
      message: `the key ${JSON.stringify(printable(key.slice(0, 80)))} stands here for the second time`,
      hint: "remove or rename one",
    }),
  );
  return { status: "broken", findings };
}

function jsonFault(text: string, file: string, prefix: string): Finding {
  const fault = locateInJson(text, []).fault ?? { offset: 0, message: "this is not JSON" };
  return {
    severity: "error",
    code: `${prefix}_SYNTAX`,
    file,
    ...placeOf(text, fault.offset),
    message: `not JSON: ${fault.message}`,
    hint: "",
  };
}

function jsonDocument(text: string, file: string, value: unknown): SourceDocument {
  return {
    file,
    value,
    locate(problems) {
      if (problems.length === 0) return [];
      const { places } = locateInJson(
        text,
        problems.map((problem) => problem.path),
      );
      return problems.map((problem, index) =>
        finding(problem, file, placeOf(text, places[index]?.[problem.part] ?? 0)),
      );
    },
  };
}

function placeOf(text: string, offset: number): { line: number; column: number } {
  let line = 1;
  let from = 0;
  for (let next = text.indexOf("\n"); next !== -1 && next < offset; next = text.indexOf("\n", next + 1)) {
    line += 1;
    from = next + 1;
  }
  return { line, column: offset - from + 1 };
}

function finding(problem: Problem, file: string, place: { line: number; column: number }): Finding {
  const { severity, code, message, hint } = problem;
  return { severity, code, file, ...place, message, hint };
}

function readYaml(text: string, file: string, prefix: string): ReadResult {
  const { LineCounter, parseDocument } = yaml();
  const lines = new LineCounter();
  const broken = (offset: number, message: string, hint = ""): ReadResult => ({
    status: "broken",
    findings: [{ severity: "error", code: `${prefix}_SYNTAX`, file, ...linePlace(lines, offset), message, hint }],
  });
  let document: YamlDocument | undefined;
  try {
    document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true, logLevel: "error" });
    const deep = tooDeepAt(document.errors);
    if (deep !== null) return broken(deep, TOO_DEEP, TOO_DEEP_HINT);
    if (document.errors.length > 0) return { status: "broken", findings: yamlErrors(document, file, prefix, lines) };
    const value = document.toJS({ maxAliasCount: ALIASES_MAX }) as unknown;
    return { status: "read", document: yamlDocument(document, file, value, lines) };
  } catch (error) {
    if (error instanceof RangeError) return broken(0, TOO_DEEP, TOO_DEEP_HINT);
    if (!(error instanceof Error)) throw error;
    return broken(document === undefined ? 0 : brokenAlias(document), firstLine(error.message), aliasHint(error));
  }
}

/** The library refuses aliases only when the data is made, and does not say where. */
function brokenAlias(document: YamlDocument): number {
  const { visit } = yaml();
  let offset = 0;
  let looked = 0;
  visit(document, {
    Alias: (_key, node) => {
      // Each look walks the document, so the search is bounded: a bomb has no missing anchor to find.
      looked += 1;
      if (looked > ALIASES_MAX) return visit.BREAK;
      if (node.resolve(document) !== undefined) return undefined;
      offset = node.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return offset;
}

const aliasHint = (error: Error): string =>
  error instanceof ReferenceError ? "write the values out instead of using an alias" : "";

function yamlErrors(document: YamlDocument, file: string, prefix: string, lines: LineCounter): Finding[] {
  const told = new Set<string>();
  return document.errors.slice(0, SYNTAX_SHOWN).flatMap((error) => {
    const message = YAML_WORDS[error.code] ?? firstLine(error.message);
    const place = linePlace(lines, error.pos[0]);
    // The parser complains of each level that one missing bracket leaves open.
    const key = `${place.line} ${message}`;
    if (told.has(key)) return [];
    told.add(key);
    return [
      {
        severity: "error" as const,
        code: `${prefix}_SYNTAX`,
        file,
        ...place,
        message,
        hint: YAML_HINTS[error.code] ?? "",
      },
    ];
  });
}

/**
 * The library's message without what it quotes behind a colon, which may be a secret with a slip of the finger before it,
 * and without characters that a terminal would obey.
 */
function firstLine(text: string): string {
  const [line = ""] = text.split(/[\n:]/, 1);
  return printable(line).replace(/\.$/, "");
}

const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, "\uFFFD");

function linePlace(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(Math.max(0, offset));
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

function yamlDocument(document: YamlDocument, file: string, value: unknown, lines: LineCounter): SourceDocument {
  return {
    file,
    value,
    locate: (problems) =>
      problems.map((problem) =>
        finding(problem, file, linePlace(lines, offsetInYaml(document, problem.path, problem.part))),
      ),
  };
}

/** The offset of the deepest part of the path that exists. */
function offsetInYaml(document: YamlDocument, path: DataPath, part: Problem["part"]): number {
  const { isAlias, isMap, isScalar, isSeq } = yaml();
  let node: unknown = document.contents;
  let place = startOf(node) ?? 0;
  for (const [index, step] of path.entries()) {
    const inside: unknown = isAlias(node) ? node.resolve(document) : node;
    const last = index === path.length - 1;
    // An element written without its brackets is the first of its list: then step 0 stays where it is.
    if (isMap(inside) && step !== 0) {
      const pair = inside.items.find((item) => String(isScalar(item.key) ? item.key.value : item.key) === String(step));
      if (pair === undefined) return place;
      const key = startOf(pair.key);
      node = pair.value;
      place = (last && part === "key" ? key : (startOf(node) ?? key)) ?? place;
    } else if (isSeq(inside)) {
      node = inside.items[Number(step)];
      place = startOf(node) ?? place;
    } else if (step !== 0) {
      return place;
    }
  }
  return place;
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}
