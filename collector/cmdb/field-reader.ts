import { parseWrittenTime } from "../../protocol/rfc3339.ts";
import { Problems, type DataPath } from "../config/document/problem.ts";
import { describeValue, nearest } from "../config/document/suggest.ts";
import type { CmdbCode } from "./error-codes.ts";

const TEXT_MAX = 1024;

export const isMapping = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === "object" && !Array.isArray(value);

/** What to write where a key is missing. */
const MISSING: Readonly<Record<string, string>> = {
  id: "add id: a name that stays the same",
  from: "add from: the id of what needs the other",
  to: "add to: the id of what is needed",
  type: "add type: how it is needed, such as dependsOn or runsOn",
};

/**
 * Reads single values of a CMDB entry and reports what is wrong with them. Paths come as functions where they are rarely
 * needed: a CMDB has millions of values, and nearly all are right.
 */
export class FieldReader {
  readonly problems = new Problems();

  error(code: CmdbCode, path: DataPath, message: string, hint = "", part: "key" | "value" = "value"): void {
    this.problems.error(code, path, message, hint, part);
  }

  warning(code: CmdbCode, path: DataPath, message: string, hint = "", part: "key" | "value" = "value"): void {
    this.problems.warning(code, path, message, hint, part);
  }

  /** Calls for each entry of a section that is a mapping. */
  eachEntry(
    input: { value(key: string): unknown; entries(key: string): Iterable<unknown> | undefined },
    section: string,
    keys: readonly string[],
    each: (entry: Record<string, unknown>, index: number) => void,
  ): void {
    const entries = input.entries(section);
    if (entries === undefined) {
      const value = input.value(section);
      if (value !== undefined && value !== null)
        this.error("CMDB_WRONG_TYPE", [section], `"${section}" takes a list, not ${describeValue(value)}`);
      return;
    }
    let index = -1;
    for (const entry of entries) {
      index += 1;
      if (!isMapping(entry)) {
        const message = `an entry of "${section}" is a mapping, not ${describeValue(entry)}`;
        this.error("CMDB_WRONG_TYPE", [section, index], message);
        continue;
      }
      for (const key in entry)
        if (!keys.includes(key)) {
          const guess = nearest(key, keys);
          this.warning(
            "CMDB_UNKNOWN_KEY",
            [section, index, key],
            `${describeValue(key)} is not read`,
            guess === undefined ? "" : `did you mean "${guess}"?`,
            "key",
          );
        }
      each(entry, index);
    }
  }

  /** A text that must be there. */
  text(entry: Record<string, unknown>, key: string, path: () => DataPath): string | undefined {
    const value = entry[key];
    if (typeof value === "string" && value !== "" && value.length <= TEXT_MAX) return value;
    if (value === undefined || value === null || value === "")
      this.error("CMDB_MISSING_KEY", path(), `"${key}" is missing`, MISSING[key] ?? `add ${key}: a text`);
    else if (typeof value === "string")
      this.error("CMDB_BAD_VALUE", [...path(), key], `"${key}" is longer than ${TEXT_MAX} characters`);
    else
      this.error(
        "CMDB_WRONG_TYPE",
        [...path(), key],
        `"${key}" takes a text, not ${describeValue(value)}`,
        "put it in quotes",
      );
    return undefined;
  }

  optionalText(entry: Record<string, unknown>, key: string, path: () => DataPath): string | null {
    return entry[key] === undefined || entry[key] === null || entry[key] === ""
      ? null
      : (this.text(entry, key, path) ?? null);
  }

  wholeNumber(
    entry: Record<string, unknown>,
    key: string,
    range: [number, number],
    path: () => DataPath,
  ): number | null {
    const value = entry[key];
    if (value === undefined || value === null) return null;
    if (typeof value === "number" && Number.isInteger(value) && value >= range[0] && value <= range[1]) return value;
    const message = `"${key}" takes a whole number from ${range[0]} to ${range[1]}, not ${describeValue(value)}`;
    this.error(typeof value === "number" ? "CMDB_BAD_VALUE" : "CMDB_WRONG_TYPE", [...path(), key], message);
    return null;
  }

  /** NaN where it is none, which is reported. */
  time(text: unknown, path: DataPath): number {
    const at = typeof text === "string" ? parseWrittenTime(text) : Number.NaN;
    if (!Number.isNaN(at)) return at;
    this.error(
      "CMDB_BAD_VALUE",
      path,
      `${describeValue(text)} is not a time`,
      "write it with its zone: 2026-11-21T14:00:00Z",
    );
    return Number.NaN;
  }
}
