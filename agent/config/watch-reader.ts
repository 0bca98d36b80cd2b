import { isScalar } from "yaml";
import { WATCH_SEVERITIES } from "./agent-config.ts";
import type { ConfigReader, Read, Value } from "./config-reader.ts";

export const text: Read<string> = (reader, value) => reader.text(value);
export const severity: Read<(typeof WATCH_SEVERITIES)[number]> = (reader, value) =>
  reader.oneOf(value, WATCH_SEVERITIES);
export const wait: Read<number> = (reader, value) => reader.duration(value, "0s", "1d");
export const every: Read<number> = (reader, value) => reader.duration(value, "1s", "1d");
export const timeout: Read<number> = (reader, value) => reader.duration(value, "100ms", "1m");
export const port: Read<number> = (reader, value) => reader.integer(value, 1, 65_535);
export const common = { severity, for: wait };

export const isText = (value: Value): boolean => isScalar(value.node) && typeof value.node.value === "string";
export const isNumber = (value: Value): boolean => isScalar(value.node) && typeof value.node.value === "number";

/** A key that must be there is not; one that is there and wrong has been told already. */
export function missing(reader: ConfigReader, value: Value, key: string, hint: string): undefined {
  if (reader.isWrong(`${value.path}.${key}`)) return undefined;
  return reader.error(value, "AGENT_MISSING_KEY", `${value.path} has no ${key}`, hint);
}

/** Leaves out what is undefined, so that a short form looks like a long one with one key. */
export function only<T extends object>(keys: { [K in keyof T]: T[K] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(keys).filter(([, each]) => each !== undefined)) as Partial<T>;
}
