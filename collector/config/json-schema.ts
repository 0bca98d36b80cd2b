import type { TSchema } from "typebox";
import { nodeOf, recordOf, type SchemaNode } from "./schema-node.ts";

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
type Schema = { [key: string]: Json };

const DURATION = "^(?=.)(\\d+w)?(\\d+d)?(\\d+h)?(\\d+m)?(\\d+s)?(\\d+ms)?$";
const SIZE = "^\\d+(B|KiB|MiB|GiB|TiB)$";
const HOST_PORT = "^(\\[[^\\]]*\\]|[^:\\s]*):\\d{1,5}$";

const MATCHER: Schema = {
  anyOf: [
    { type: "string" },
    {
      type: "object",
      required: ["name", "value"],
      properties: {
        name: { type: "string" },
        value: { type: "string" },
        isRegex: { type: "boolean" },
        isEqual: { type: "boolean" },
      },
      additionalProperties: false,
    },
  ],
};

/**
 * The configuration's schema in plain JSON Schema (2020-12), for editors: completion, and red lines before `tocsin check`.
 * It knows less than the reader: files, names and contradictions it cannot see.
 */
export function jsonSchema(schema: TSchema): Schema {
  return { $schema: "https://json-schema.org/draft/2020-12/schema", title: "tocsin.yaml", ...plain(nodeOf(schema)) };
}

function plain(node: SchemaNode): Schema {
  return {
    ...shape(node),
    ...(node.description === undefined ? {} : { description: node.description }),
    ...defaultOf(node),
  };
}

/** Sections whose default is "all their defaults" show none. */
function defaultOf({ default: value }: SchemaNode): Schema {
  const empty = typeof value === "object" && value !== null && !Array.isArray(value);
  return value === undefined || empty ? {} : { default: value as Json };
}

function shape(node: SchemaNode): Schema {
  if (node.form !== undefined) return formShape(node);
  if (node.anyOf !== undefined) return { anyOf: node.anyOf.map(plain) };
  if (node.enum !== undefined) return { enum: node.enum };
  switch (node.type) {
    case "object":
      return objectShape(node);
    case "array":
      return {
        type: "array",
        items: plain(node.items ?? {}),
        ...(node.minItems === undefined ? {} : { minItems: node.minItems }),
      };
    case undefined:
      return {};
    default:
      return { type: node.type, ...limits(node) };
  }
}

function limits({ minLength, maxLength, pattern, minimum, maximum }: SchemaNode): Schema {
  const all = { minLength, maxLength, pattern, minimum, maximum };
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string | number] => entry[1] !== undefined),
  );
}

function formShape(node: SchemaNode): Schema {
  switch (node.form) {
    case "duration":
      return { type: "string", pattern: DURATION };
    case "size":
      return { type: "string", pattern: SIZE };
    case "hostPort":
      return { type: "string", pattern: HOST_PORT };
    case "url":
      return { type: "string", format: "uri" };
    case "time":
      return { type: "string", format: "date-time" };
    case "matcher":
      return MATCHER;
    case "oneOrMany": {
      const one = plain(node.items ?? {});
      return {
        anyOf: [
          one,
          { type: "array", items: one, ...(node.minItems === undefined ? {} : { minItems: node.minItems }) },
        ],
      };
    }
    case "notInUse":
      return {};
    default:
      return { type: "string" };
  }
}

function objectShape(node: SchemaNode): Schema {
  const record = recordOf(node);
  if (record !== undefined)
    return {
      type: "object",
      patternProperties: { [record.keyPattern]: plain(record.values) },
      additionalProperties: false,
    };
  const properties: Schema = {};
  const required: string[] = [];
  const choices: Json[] = [];
  for (const [key, property] of Object.entries(node.properties ?? {})) {
    properties[key] = plain(property);
    const needed = node.required?.includes(key) === true && property.default === undefined;
    if (property.form !== "secret") {
      if (needed) required.push(key);
      continue;
    }
    properties[`${key}File`] = { type: "string", description: `File that holds \`${key}\`.` };
    const both = { required: [key, `${key}File`] };
    choices.push(needed ? { oneOf: [{ required: [key] }, { required: [`${key}File`] }] } : { not: both });
  }
  return {
    type: "object",
    properties,
    ...(required.length > 0 ? { required } : {}),
    ...(choices.length > 0 ? { allOf: choices } : {}),
    additionalProperties: false,
  };
}
