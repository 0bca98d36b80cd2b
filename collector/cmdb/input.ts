import type { Finding } from "../../protocol/finding.ts";
import { readDocument, type SourceDocument } from "../config/document/document.ts";
import { JsonEntries } from "../config/document/json-entries.ts";
import type { Problem } from "../config/document/problem.ts";
import { isMapping } from "./field-reader.ts";

/** A CMDB text as sections of entries; `JsonEntries` for large JSON, a parsed document for the rest. */
export interface CmdbInput {
  keys(): string[];
  value(key: string): unknown;
  /** undefined where the value is no list. */
  entries(key: string): Iterable<unknown> | undefined;
  locate(problems: readonly Problem[]): Finding[];
}

export type OpenResult =
  | { status: "open"; input: CmdbInput }
  /** Not a mapping at all. */
  | { status: "shapeless"; value: unknown; locate: SourceDocument["locate"] }
  | { status: "broken"; findings: Finding[] };

/** Below this size the whole text is parsed at once. */
const STREAM_MIN_BYTES = 1024 * 1024;
/** YAML of this size takes some ten seconds and a gigabyte; JSON does not. */
const YAML_MAX_BYTES = 16 * 1024 * 1024;

/** Opens a CMDB text entry by entry where that is possible and worth it. */
export function openStreaming(bytes: Buffer, file: string): CmdbInput | undefined {
  return bytes.length < STREAM_MIN_BYTES ? undefined : JsonEntries.open(bytes, file);
}

/** Opens a CMDB text as a whole: any JSON or YAML, with the syntax errors it has. */
export function openWhole(text: string, file: string, sizeMaxBytes: number): OpenResult {
  const yamlSizeMaxBytes = Math.min(sizeMaxBytes, YAML_MAX_BYTES);
  const read = readDocument(text, file, { prefix: "CMDB", sizeMaxBytes, yamlSizeMaxBytes });
  if (read.status === "broken") return read;
  const { document } = read;
  const value = document.value ?? {};
  if (!isMapping(value)) return { status: "shapeless", value, locate: (problems) => document.locate(problems) };
  const input: CmdbInput = {
    keys: () => Object.keys(value),
    value: (key) => (Object.hasOwn(value, key) ? value[key] : undefined),
    entries: (key) => (Object.hasOwn(value, key) && Array.isArray(value[key]) ? value[key] : undefined),
    locate: (problems) => document.locate(problems),
  };
  return { status: "open", input };
}
