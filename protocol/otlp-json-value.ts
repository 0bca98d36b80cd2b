import { nanosToMillis, OTLP_DEPTH_MAX, type OtlpAttributes, type OtlpValue, valueText } from "./otlp.ts";

/** The JSON is not what OTLP says. The message names the field. */
export class JsonFault extends Error {}

export type JsonObject = Readonly<Record<string, unknown>>;

/** A field that holds a message; {} where it is absent or null, as Protocol Buffers' JSON mapping has it. */
export function objectField(parent: JsonObject, key: string): JsonObject {
  return parent[key] === undefined || parent[key] === null ? {} : asObject(parent[key], key);
}

export function asObject(value: unknown, key: string): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new JsonFault(`${key}: not an object`);
  return value as JsonObject;
}

export function listField(parent: JsonObject, key: string): readonly unknown[] {
  const value = parent[key];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new JsonFault(`${key}: not an array`);
  return value;
}

/** Half of a surrogate pair, which JSON can spell, is replaced: written as UTF-8 it would be, and two labels become one. */
export function textField(parent: JsonObject, key: string): string {
  const value = parent[key];
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") throw new JsonFault(`${key}: not a string`);
  return value.toWellFormed();
}

export function boolField(parent: JsonObject, key: string): boolean {
  const value = parent[key];
  if (value === undefined || value === null) return false;
  if (typeof value !== "boolean") throw new JsonFault(`${key}: not a boolean`);
  return value;
}

/** A number, or a number as text: 64-bit integers and `NaN`, `Infinity`, `-Infinity` come as text. */
export function numberOf(value: unknown, key: string): number {
  if (typeof value === "number") return value;
  if (typeof value === "string" && NUMBER.test(value)) return Number(value);
  throw new JsonFault(`${key}: not a number`);
}

const NUMBER = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?|NaN|-?Infinity)$/;

export function numberField(parent: JsonObject, key: string): number {
  const value = parent[key];
  return value === undefined || value === null ? 0 : numberOf(value, key);
}

export function integerField(parent: JsonObject, key: string): number {
  const value = numberField(parent, key);
  if (!Number.isInteger(value)) throw new JsonFault(`${key}: not an integer`);
  return value;
}

/** Counts and times are unsigned. */
export function countField(parent: JsonObject, key: string): number {
  return nonNegative(integerField(parent, key), key);
}

export function nonNegative(value: number, key: string): number {
  if (!(value >= 0)) throw new JsonFault(`${key}: below zero`);
  return value;
}

/** `…UnixNano` in milliseconds. */
export function nanosField(parent: JsonObject, key: string): number {
  return nanosToMillis(countField(parent, key));
}

/** A list of KeyValue. The key `__proto__` is left out: no sender means it. */
export function attributesOf(list: readonly unknown[]): OtlpAttributes {
  const attributes: OtlpAttributes = {};
  for (const entry of list) {
    const pair = asObject(entry, "attributes");
    const key = textField(pair, "key");
    if (key !== "__proto__") attributes[key] = anyValueText(pair["value"]);
  }
  return attributes;
}

export function anyValueText(value: unknown): string {
  const object = value === undefined || value === null ? {} : asObject(value, "value");
  const integer = object["intValue"];
  // Exact: an int64 beyond 2^53 is text in JSON and stays as it is.
  if (typeof integer === "string" && /^-?\d{1,19}$/.test(integer)) return integer;
  return valueText(anyValue(object, OTLP_DEPTH_MAX));
}

function anyValue(object: JsonObject, depth: number): OtlpValue {
  if (depth <= 0) throw new JsonFault(`value: nested deeper than ${OTLP_DEPTH_MAX}`);
  if (object["stringValue"] !== undefined) return textField(object, "stringValue");
  if (object["boolValue"] !== undefined) return boolField(object, "boolValue");
  if (object["intValue"] !== undefined) return integerField(object, "intValue");
  if (object["doubleValue"] !== undefined) return numberField(object, "doubleValue");
  if (object["bytesValue"] !== undefined) return textField(object, "bytesValue");
  if (object["arrayValue"] !== undefined)
    return listField(objectField(object, "arrayValue"), "values").map((item) => nested(item, depth));
  if (object["kvlistValue"] === undefined) return null;
  return Object.fromEntries(
    listField(objectField(object, "kvlistValue"), "values").map((item) => {
      const pair = asObject(item, "values");
      return [textField(pair, "key"), nested(pair["value"], depth)];
    }),
  );
}

const nested = (value: unknown, depth: number): OtlpValue =>
  value === undefined || value === null ? null : anyValue(asObject(value, "value"), depth - 1);
