import type { TSchema } from "typebox";
import type { Form } from "../port/config-schema.ts";

/** The part of JSON Schema, and of our vocabulary on top of it, that the reader and the reference page understand. */
export interface SchemaNode {
  form?: Form;
  type?: "object" | "array" | "string" | "number" | "integer" | "boolean";
  description?: string;
  default?: unknown;
  properties?: Record<string, SchemaNode>;
  required?: string[];
  patternProperties?: Record<string, SchemaNode>;
  items?: SchemaNode;
  anyOf?: SchemaNode[];
  enum?: (string | number | boolean)[];
  minItems?: number;
  maxItems?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  /** Of durations and sizes, in their own form. */
  least?: string;
  most?: string;
  /** Of URLs. */
  protocols?: string[];
  /** What a text with `pattern` looks like, for people. */
  patternHint?: string;
}

export function nodeOf(schema: TSchema): SchemaNode {
  return schema;
}

/** The schema of a mapping's values, and the pattern its keys follow; undefined where it is no mapping of free names. */
export function recordOf(node: SchemaNode): { keyPattern: string; values: SchemaNode } | undefined {
  const [entry] = Object.entries(node.patternProperties ?? {});
  return entry === undefined ? undefined : { keyPattern: entry[0], values: entry[1] };
}

/** What is expected, for a message: `a list`, `a duration such as 30s`. */
export function expectationOf(node: SchemaNode): string {
  if (node.enum !== undefined) return `one of ${node.enum.map(String).join(", ")}`;
  if (node.anyOf !== undefined) return node.anyOf.map(expectationOf).join(" or ");
  if (node.form !== undefined) return FORM_EXPECTATIONS[node.form];
  return TYPE_EXPECTATIONS[node.type ?? "object"];
}

const TYPE_EXPECTATIONS = {
  object: "a mapping",
  array: "a list",
  string: "a text",
  number: "a number",
  integer: "a whole number",
  boolean: "true or false",
} as const;

const FORM_EXPECTATIONS: Readonly<Record<Form, string>> = {
  duration: "a duration such as 30s, 5m or 1h30m",
  size: "a size such as 512KiB or 64MiB",
  secret: "a text",
  path: "the name of a file or folder",
  url: "a URL",
  hostPort: "HOST:PORT",
  cidr: "a network such as 10.0.0.0/8",
  timeZone: "a time zone such as Europe/Berlin",
  time: "a time such as 2026-11-21T14:00:00Z",
  matcher: 'a matcher such as severity="critical"',
  oneOrMany: "a list",
  notInUse: "anything",
};
