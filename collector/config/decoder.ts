import type { Static, TSchema } from "typebox";
import { decodeFormText, taken } from "./decode-text.ts";
import { asMapping, type Decoded, type Decoding, FAILED, nameOf, report, shownValue, wrongType } from "./decoding.ts";
import type { DataPath } from "./document/problem.ts";
import { didYouMean } from "./document/suggest.ts";
import { expectationOf, nodeOf, recordOf, type SchemaNode } from "./schema-node.ts";
import { readSecret } from "./secret-key.ts";
import { checkedMatcher } from "./text-form.ts";

/** Reads `value` as the schema says, with defaults filled in. All mistakes are reported, not only the first. */
export function decode<Schema extends TSchema>(
  schema: Schema,
  value: unknown,
  path: DataPath,
  decoding: Decoding,
): Decoded<Static<Schema>> {
  return decodeNode(nodeOf(schema), value, path, decoding) as Decoded<Static<Schema>>;
}

function decodeNode(node: SchemaNode, value: unknown, path: DataPath, decoding: Decoding): Decoded {
  if (node.form !== undefined) return decodeForm(node, value, path, decoding);
  if (node.anyOf !== undefined) return decodeUnion(node, value, path, decoding);
  if (node.enum !== undefined) return decodeEnum(node, value, path, decoding);
  switch (node.type) {
    case "object":
      return decodeMapping(node, value, path, decoding);
    case "array":
      return Array.isArray(value) ? decodeList(node, value, path, decoding) : wrongType(node, value, path, decoding);
    case "string":
      return decodeText(node, value, path, decoding);
    case "number":
    case "integer":
      return decodeNumber(node, value, path, decoding);
    case "boolean":
      return typeof value === "boolean" ? value : wrongType(node, value, path, decoding);
    default:
      return value;
  }
}

function decodeMapping(node: SchemaNode, value: unknown, path: DataPath, decoding: Decoding): Decoded {
  const mapping = asMapping(value);
  if (mapping === undefined) return wrongType(node, value, path, decoding);
  const record = recordOf(node);
  if (record !== undefined) return decodeRecord(record, mapping, path, decoding);
  const properties = node.properties ?? {};
  let failed = refuseUnknownKeys(properties, mapping, path, decoding);
  const result: Record<string, unknown> = {};
  for (const [key, property] of Object.entries(properties)) {
    const required = node.required?.includes(key) ?? false;
    const decoded = decodeProperty({ key, property, required }, mapping, path, decoding);
    if (decoded === FAILED) failed = true;
    else if (decoded !== undefined) result[key] = decoded;
  }
  return failed ? FAILED : result;
}

function refuseUnknownKeys(
  properties: Readonly<Record<string, SchemaNode>>,
  mapping: Map<string, unknown>,
  path: DataPath,
  decoding: Decoding,
): boolean {
  const names = Object.entries(properties).flatMap(([key, property]) =>
    property.form === "secret" ? [key, `${key}File`] : [key],
  );
  const unknown = [...mapping.keys()].filter((key) => !names.includes(key));
  const free = names.filter((name) => !mapping.has(name));
  for (const key of unknown) {
    const word = keyWord(key);
    const hint = key.includes(":") ? "a colon needs a space behind it" : word === key ? didYouMean(key, free) : "";
    report(decoding, "CONFIG_UNKNOWN_KEY", [...path, key], `"${word}${word === key ? "" : "…"}" is not a key here`, {
      hint,
      part: "key",
    });
  }
  return unknown.length > 0;
}

/** As much of an unknown key as looks like one: `token:hunter2` with its forgotten space holds a secret. */
function keyWord(key: string): string {
  return /^[A-Za-z_]{0,32}/.exec(key)?.[0] ?? "";
}

/** undefined = not there, and it need not be. */
function decodeProperty(
  { key, property, required }: { key: string; property: SchemaNode; required: boolean },
  mapping: Map<string, unknown>,
  path: DataPath,
  decoding: Decoding,
): Decoded {
  if (property.form === "secret") return readSecret(key, required, mapping, path, decoding);
  const value = mapping.get(key);
  // `key:` with nothing behind it is how people leave a section empty.
  if (value !== undefined && value !== null) return decodeNode(property, value, [...path, key], decoding);
  if (property.default !== undefined) return decodeNode(property, property.default, [...path, key], decoding);
  if (!required) return undefined;
  return report(
    decoding,
    "CONFIG_MISSING_KEY",
    path,
    `"${key}" is missing${path.length > 0 ? ` in ${nameOf(path)}` : ""}`,
    {
      hint: `add ${key}: ${expectationOf(property)}`,
      part: "key",
    },
  );
}

function decodeRecord(
  { keyPattern, values }: { keyPattern: string; values: SchemaNode },
  mapping: Map<string, unknown>,
  path: DataPath,
  decoding: Decoding,
): Decoded {
  let failed = false;
  const pattern = new RegExp(keyPattern, "u");
  const entries: [string, unknown][] = [];
  for (const [key, value] of mapping) {
    if (!pattern.test(key) || key === "__proto__") {
      const word = keyWord(key);
      const message = `"${word}${word === key ? "" : "…"}" is not a name that can be used here`;
      report(decoding, "CONFIG_BAD_VALUE", [...path, key], message, {
        hint: `names follow ${keyPattern}`,
        part: "key",
      });
      failed = true;
      continue;
    }
    const decoded = decodeNode(values, value ?? {}, [...path, key], decoding);
    if (decoded === FAILED) failed = true;
    else entries.push([key, decoded]);
  }
  return failed ? FAILED : Object.fromEntries(entries);
}

function decodeList(node: SchemaNode, list: unknown[], path: DataPath, decoding: Decoding): Decoded {
  const { items = {}, minItems = 0, maxItems = 10_000 } = node;
  if (list.length < minItems || list.length > maxItems) {
    const wanted = list.length < minItems ? `at least ${minItems}` : `at most ${maxItems}`;
    const message = `${nameOf(path)} has ${list.length} entries, it takes ${wanted}`;
    return report(decoding, "CONFIG_OUT_OF_RANGE", path, message);
  }
  const decoded = list.map((item, index) => decodeNode(items, item, [...path, index], decoding));
  return decoded.includes(FAILED) ? FAILED : decoded;
}

function decodeUnion(node: SchemaNode, value: unknown, path: DataPath, decoding: Decoding): Decoded {
  const branches = node.anyOf ?? [];
  const fitting = branches.find((branch) => isOfType(branch, value));
  return fitting === undefined ? wrongType(node, value, path, decoding) : decodeNode(fitting, value, path, decoding);
}

/** Branches of a union differ by type: a text, a list, a mapping. */
function isOfType(node: SchemaNode, value: unknown): boolean {
  if (node.form === "oneOrMany") return true;
  if (node.form !== undefined || node.type === "string") return typeof value === "string";
  if (node.enum !== undefined) return node.enum.some((allowed) => allowed === value);
  if (node.type === "array") return Array.isArray(value);
  if (node.type === "object") return asMapping(value) !== undefined;
  return typeof value === (node.type === "integer" ? "number" : node.type);
}

function decodeEnum(node: SchemaNode, value: unknown, path: DataPath, decoding: Decoding): Decoded {
  const allowed = node.enum ?? [];
  if (allowed.some((one) => one === value)) return value;
  const message = `${nameOf(path)} takes ${expectationOf(node)}, not ${shownValue(value, path)}`;
  const hint = typeof value === "string" ? didYouMean(value, allowed.map(String)) : "";
  return report(decoding, "CONFIG_BAD_VALUE", path, message, { hint: hint.startsWith("did") ? hint : "" });
}

function decodeText(node: SchemaNode, value: unknown, path: DataPath, decoding: Decoding): Decoded {
  if (typeof value !== "string") return wrongType(node, value, path, decoding);
  const { minLength = 0, maxLength = 10_000 } = node;
  if (value.length < minLength) {
    const message =
      value === "" ? `${nameOf(path)} is empty` : `${nameOf(path)} is shorter than ${minLength} characters`;
    return report(decoding, "CONFIG_OUT_OF_RANGE", path, message);
  }
  if (value.length > maxLength)
    return report(decoding, "CONFIG_OUT_OF_RANGE", path, `${nameOf(path)} is longer than ${maxLength} characters`);
  if (node.pattern !== undefined && !new RegExp(node.pattern, "u").test(value)) {
    const message = `${nameOf(path)} cannot be ${shownValue(value, path)}`;
    return report(decoding, "CONFIG_BAD_VALUE", path, message, {
      hint: node.patternHint ?? `it follows ${node.pattern}`,
    });
  }
  return value;
}

function decodeNumber(node: SchemaNode, value: unknown, path: DataPath, decoding: Decoding): Decoded {
  if (typeof value !== "number" || !Number.isFinite(value) || (node.type === "integer" && !Number.isSafeInteger(value)))
    return wrongType(node, value, path, decoding);
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = node;
  if (value >= minimum && value <= maximum) return value;
  const bound = value < minimum ? `at least ${minimum}` : `at most ${maximum}`;
  return report(decoding, "CONFIG_OUT_OF_RANGE", path, `${nameOf(path)} is ${value}, it takes ${bound}`);
}

function decodeForm(node: SchemaNode, value: unknown, path: DataPath, decoding: Decoding): Decoded {
  if (node.form === "notInUse") {
    const message = `${nameOf(path)} is reserved: this version does not read it, and it has no effect`;
    decoding.problems.warning("CONFIG_NOT_IN_USE", path, message, "remove it, so that nobody relies on it", "key");
    return undefined;
  }
  if (node.form === "oneOrMany") return decodeList(node, Array.isArray(value) ? value : [value], path, decoding);
  if (node.form === "matcher" && typeof value !== "string") return decodeMatcherMapping(node, value, path, decoding);
  if (typeof value !== "string") return wrongType(node, value, path, decoding);
  return decodeFormText(node, value, path, decoding);
}

const MATCHER_MAPPING: SchemaNode = {
  type: "object",
  required: ["name", "value"],
  properties: {
    name: { type: "string", minLength: 1 },
    value: { type: "string" },
    isRegex: { type: "boolean", default: false },
    isEqual: { type: "boolean", default: true },
  },
};

function decodeMatcherMapping(node: SchemaNode, value: unknown, path: DataPath, decoding: Decoding): Decoded {
  if (asMapping(value) === undefined) return wrongType(node, value, path, decoding);
  const decoded = decodeNode(MATCHER_MAPPING, value, path, decoding);
  if (decoded === FAILED) return FAILED;
  const { name, value: text, isRegex, isEqual } = decoded as Parameters<typeof checkedMatcher>[0];
  return taken(checkedMatcher({ name, value: text, isRegex, isEqual }), "CONFIG_BAD_MATCHER", path, decoding);
}
