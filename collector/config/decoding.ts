import type { DataPath, Problem, Problems } from "./document/problem.ts";
import { describeValue } from "./document/suggest.ts";
import type { ConfigCode } from "./error-codes.ts";
import { expectationOf, type SchemaNode } from "./schema-node.ts";

/** Where a file stands and how its neighbours are read. */
export interface Decoding {
  problems: Problems;
  /** Absolute: relative paths start here. */
  folder: string;
  /** The text of a file; throws as `readFileSync` does. */
  readFile: (path: string) => string;
}

/** What decoding gives where a problem was reported. */
export const FAILED: unique symbol = Symbol("failed");
export type Decoded<T = unknown> = T | typeof FAILED;

export function report(
  { problems }: Decoding,
  code: ConfigCode,
  path: DataPath,
  message: string,
  { hint = "", part = "value" }: { hint?: string; part?: Problem["part"] } = {},
): typeof FAILED {
  problems.error(code, path, message, hint, part);
  return FAILED;
}

/** The commonest mistake, told with what would be right. */
export function wrongType(node: SchemaNode, value: unknown, path: DataPath, decoding: Decoding): typeof FAILED {
  const quotes = typeof value === "number" || typeof value === "boolean";
  const text = node.type === "string" || node.form !== undefined;
  const hint =
    node.form === "duration" && typeof value === "number"
      ? `with a unit: ${value}s or ${value}m`
      : node.form === "hostPort"
        ? "write HOST:PORT, such as 127.0.0.1:8430"
        : quotes && text
          ? "put it in quotes"
          : "";
  const message = `${nameOf(path)} takes ${expectationOf(node)}, not ${shownValue(value, path)}`;
  return report(decoding, "CONFIG_WRONG_TYPE", path, message, { hint });
}

const HOLD_SECRETS = new Set<unknown>(["auth", "redis", "receivers", "ingest"]);

/** A value as a message shows it: texts of sections that hold secrets are not shown, for a slip may have moved one. */
export function shownValue(value: unknown, path: DataPath): string {
  return typeof value === "string" && HOLD_SECRETS.has(path[0]) ? "this text" : describeValue(value);
}

/** The key as a message names it. */
export function nameOf(path: DataPath): string {
  const last = path.at(-1);
  if (last === undefined) return "the file";
  if (typeof last === "number") return `entry ${last + 1} of ${path.at(-2) ?? "the list"}`;
  return `"${last}"`;
}

/** A mapping of own keys only: JSON and YAML texts may carry `__proto__`. */
export function asMapping(value: unknown): Map<string, unknown> | undefined {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return undefined;
  return new Map(Object.keys(value).map((key) => [key, Reflect.get(value, key) as unknown]));
}
