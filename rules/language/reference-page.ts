import { formatDuration } from "../../protocol/duration.ts";
import { formatValue } from "../detect/render.ts";
import { BINARY_OPERATORS, type Level, type Pack, RULE_LIMITS, type Rule } from "../detect/rule.ts";
import { RULE_CODES } from "./error-codes.ts";
import {
  CONDITION_KEYS,
  CONDITION_KINDS,
  EVENT_KEYS,
  FUNCTION_MEANINGS,
  MATCH_KEYS,
  METRIC_KEYS,
  PACK_KEYS,
  PLACEHOLDER_MEANINGS,
} from "./vocabulary.ts";

/** The page of the rule language and of the packs that come with Tocsin, made from what the parser and the packs say. */
export function rulesPage(packs: readonly Pack[]): string {
  const sections = [
    "<!-- Made by `npm run docs` from rules/language and rules/packs. Do not edit. -->\n",
    "# Reference: rules\n",
    "How to write them is told in [the guide](../guide/rules.md).\n",
    "## A pack: `pack.yaml`\n",
    keys(PACK_KEYS),
    "## A rule over metrics\n",
    keys(METRIC_KEYS),
    "## Conditions\n",
    "One of the keys in the first column decides; those in the second may stand beside it.\n",
    table(
      ["condition", "beside it"],
      Object.entries(CONDITION_KINDS).map(([kind, beside]) => [code(kind), beside.map(code).join(" ") || "–"]),
    ),
    keys(CONDITION_KEYS),
    "## Expressions\n",
    '`metric`, `metric{label="text"}`, `metric{label!=["a", "b*"]}`: `*` is any text, a missing label is empty text. Numbers ' +
      "may have a unit: `90%`, `20ms`, `10GiB`, `5m`. A metric that stands alone is the worst series of its instance; in " +
      `arithmetic it is their sum. Operators: ${BINARY_OPERATORS.map((operator) => code(operator)).join(" ")}. A division by ` +
      "zero and a missing metric are no value: nothing fires, and what fires clears after five minutes.\n",
    table(
      ["function", "meaning"],
      Object.entries(FUNCTION_MEANINGS).map(([name, meaning]) => [code(name), meaning]),
    ),
    "## Placeholders in a summary\n",
    table(
      ["placeholder", "shows"],
      Object.entries(PLACEHOLDER_MEANINGS).map(([name, meaning]) => [code(`{{${name}}}`), meaning]),
    ),
    "## A rule over events\n",
    keys(EVENT_KEYS),
    "`event:` takes these; patterns may hold `*`, and a list is any of:\n",
    keys(MATCH_KEYS),
    "## Limits\n",
    table(
      ["limit", "value"],
      Object.entries(RULE_LIMITS).map(([name, value]) => [
        code(name),
        name.endsWith("Ms") ? formatDuration(value) : String(value),
      ]),
    ),
    "## Findings\n",
    table(
      ["code", "meaning"],
      Object.entries(RULE_CODES).map(([name, meaning]) => [code(name), meaning]),
    ),
    "## The packs\n",
    ...packs.map(packSection),
  ];
  return sections.join("\n");
}

function packSection(pack: Pack): string {
  const rows = pack.rules.map((rule) => [
    `[${rule.name}](../../rules/packs/${pack.name}/runbook/${rule.name}.md)`,
    fires(rule),
    cell(rule.reason),
    cell(rule.source ?? ""),
  ]);
  return `### ${pack.name}\n\n${pack.description.trim()}\n\n${table(["rule", "fires", "why", "source"], rows)}`;
}

function fires(rule: Rule): string {
  if (rule.kind === "event") return rule.action.type;
  return rule.levels
    .map((level) => `${level.severity}: ${condition(level, rule.percent ? "%" : (rule.unit ?? ""))}`)
    .join("<br>");
}

function condition({ condition: what, forMs, clearForMs }: Level, unit: string): string {
  const lasts = [
    forMs > 0 ? ` for ${formatDuration(forMs)}` : "",
    clearForMs > 0 ? `, clear for ${formatDuration(clearForMs)}` : "",
  ].join("");
  const only = (bound: number | null, word: string): string =>
    bound === null ? "" : `, only ${word} ${formatValue(bound, unit)}`;
  switch (what.kind) {
    case "threshold": {
      const times =
        what.times === null
          ? ""
          : `, ${what.times.hits} ${what.times.samples === null ? `in ${formatDuration(what.times.withinMs ?? 0)}` : `of ${what.times.samples}`}`;
      const word = { above: "above", below: "below", equals: "is", notEquals: "is not" }[what.operator];
      return `${word} ${formatValue(what.value, unit)}${times}${lasts}`;
    }
    case "absence":
      return `silent for ${formatDuration(what.afterMs)}`;
    case "forecast":
      return `reaches ${formatValue(what.reaches, unit)} within ${formatDuration(what.withinMs)}${only(what.onlyAbove, "above")}${only(what.onlyBelow, "below")}${lasts}`;
    case "baseline":
      return `unusually ${what.direction}${only(what.onlyAbove, "above")}${only(what.onlyBelow, "below")}${lasts}`;
    default:
      return `shifts ${what.direction}${what.by === null ? "" : ` by ${formatValue(what.by, "%")}`}${lasts}`;
  }
}

function keys(vocabulary: Readonly<Record<string, string>>): string {
  return table(
    ["key", "meaning"],
    Object.entries(vocabulary).map(([key, meaning]) => [code(key), meaning]),
  );
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return `${[line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n")}\n`;
}

function code(text: string): string {
  return `\`${text}\``;
}

function cell(text: string): string {
  return text.trim().replaceAll("|", "\\|").replaceAll(/\s+/g, " ");
}
