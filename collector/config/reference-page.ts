import type { TSchema } from "typebox";
import type { Form } from "../port/config-schema.ts";
import type { ConnectorKind } from "../port/connector.ts";
import { CONFIG_CODES } from "./error-codes.ts";
import { expectationOf, nodeOf, recordOf, type SchemaNode } from "./schema-node.ts";

interface Row {
  key: string;
  takes: string;
  byDefault: string;
  meaning: string;
}

/** The forms that the page explains once at its top. */
const SHORT: Partial<Record<Form, string>> = {
  duration: "duration",
  size: "size",
  hostPort: "HOST:PORT",
  path: "file or folder",
  matcher: "matcher",
};

/** Cells of a table: a pipe would end them. */
const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
const code = (text: string): string => `\`${text.replaceAll("|", "\\|")}\``;

/** The element of a list, and whether it may stand alone. */
function elementOf(node: SchemaNode): { element: SchemaNode; takes: string } | undefined {
  if (node.form === "oneOrMany") return { element: node.items ?? {}, takes: "one, or a list" };
  if (node.type === "array") return { element: node.items ?? {}, takes: "a list" };
  return undefined;
}

function takesOf(node: SchemaNode): string {
  const list = elementOf(node);
  if (list !== undefined) return isNested(list.element) ? list.takes : `${list.takes} of: ${takesOf(list.element)}`;
  const bounds = [
    node.least === undefined ? "" : `at least ${node.least}`,
    node.most === undefined ? "" : `at most ${node.most}`,
    node.minimum === undefined ? "" : `at least ${node.minimum}`,
    node.maximum === undefined ? "" : `at most ${node.maximum}`,
  ].filter((bound) => bound !== "");
  return [(node.form === undefined ? undefined : SHORT[node.form]) ?? expectationOf(node), ...bounds].join(", ");
}

/** A list's own meaning and, where its elements are texts or numbers, how they are written. */
function meaningOf(node: SchemaNode): string {
  const element = elementOf(node)?.element;
  const inner = element === undefined || isNested(element) ? [] : [element, ...(element.anyOf ?? [])];
  const written = inner.flatMap(({ description }) => description ?? []);
  return [...new Set([node.description ?? "", ...written])].filter((text) => text !== "").join(" ");
}

const isNested = (node: SchemaNode): boolean =>
  node.properties !== undefined || recordOf(node) !== undefined || node.anyOf?.some(isNested) === true;

function defaultOf({ default: value }: SchemaNode, required: boolean): string {
  if (value === undefined) return required ? "**required**" : "";
  if (typeof value === "object") return "";
  return code(value === "" ? '""' : typeof value === "string" ? value : JSON.stringify(value));
}

/** The rows of a mapping's keys, and below each those of what is nested in it. */
function rowsOf(node: SchemaNode, prefix: string): Row[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, property]) => {
    const name = `${prefix}${key}`;
    const required = node.required?.includes(key) === true && property.default === undefined;
    const shown = property.form === "secret" ? `${code(name)} or ${code(`${name}File`)}` : code(name);
    const row = {
      key: shown,
      takes: takesOf(property),
      byDefault: defaultOf(property, required),
      meaning: meaningOf(property),
    };
    return [row, ...nestedRows(property, name)];
  });
}

function nestedRows(node: SchemaNode, name: string): Row[] {
  const list = elementOf(node);
  if (list !== undefined) return nestedRows(list.element, `${name}[]`);
  const record = recordOf(node);
  if (record !== undefined) return nestedRows(record.values, `${name}.NAME`);
  if (node.anyOf !== undefined) return node.anyOf.flatMap((branch) => nestedRows(branch, name));
  return rowsOf(node, `${name}.`);
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ key, takes, byDefault, meaning }) => `| ${key} | ${cell(takes)} | ${byDefault} | ${cell(meaning)} |`,
  );
  return ["| key | takes | default | meaning |", "| --- | --- | --- | --- |", ...lines].join("\n");
}

/** The page of every key that `tocsin.yaml` may hold, made from the schema that reads it. */
export function configurationPage(schema: TSchema, connectors: readonly ConnectorKind[]): string {
  const sections = Object.fromEntries(
    Object.entries(nodeOf(schema).properties ?? {}).filter(([key]) => key !== "receivers"),
  );
  const kinds = connectors.map(
    ({ kind, description, schema: settings }) =>
      `### ${kind}\n\n${description}\n\n${table(rowsOf(nodeOf(settings), ""))}\n`,
  );
  const codes = Object.entries(CONFIG_CODES).map(([name, meaning]) => `| \`${name}\` | ${cell(meaning)} |`);
  return `<!-- Made by \`npm run docs\` from collector/config/schema.ts and the connectors' schemas. Do not edit. -->

# Reference: tocsin.yaml

Keys are written in camel case; a key that is not listed here is an error. A duration is written \`30s\`, \`5m\`, \`1h30m\` or
\`7d\`, a size \`512KiB\` or \`64MiB\`, a matcher \`severity="critical"\` or \`check=~"disk_.*"\`. A secret is given inline or, better, in a file: \`token\` or \`tokenFile\`. Relative
paths start at the folder of the file. \`tocsin check tocsin.yaml\` tells every mistake with its line and column. How the parts
work together is told in [the guide](../guide/configuration.md). For editors there is [a JSON Schema](tocsin.schema.json).

## Sections

${table(rowsOf({ type: "object", properties: sections, required: [] }, ""))}

## Receivers

\`receivers\` gives each receiver a name and exactly one kind: \`receivers: { NAME: { KIND: { … } } }\`. The keys below stand
under the kind.

${kinds.join("\n")}
## Findings

| code | meaning |
| --- | --- |
${codes.join("\n")}
`;
}
