import type { CmdbDrift, CmdbPlan } from "../port/cmdb.ts";
import { paint, printable } from "./table.ts";

/** As the API answers. */
export type PlanView = CmdbPlan;
export type DriftView = Omit<CmdbDrift, "at"> & { at: string };

interface RelationView {
  from: string;
  type: string;
  to: string;
  source: string;
  confidence: number;
}

export interface CiView {
  id: string;
  type: string;
  name: string;
  aliases: string[];
  labels: Record<string, string>;
  owner: string | null;
  criticality: number | null;
  minHealthy: number | null;
  known: boolean;
  needs?: RelationView[];
  neededBy?: RelationView[];
}

const SHOWN_MAX = 20;

function listed(
  lines: readonly string[],
  count: number,
  mark: string,
  colour: "green" | "red" | "yellow" | "grey",
  isTerminal: boolean,
): string[] {
  const shown = lines.slice(0, SHOWN_MAX).map((line) => paint(`  ${mark} ${printable(line)}`, colour, isTerminal));
  return count > shown.length && shown.length > 0 ? [...shown, `    … and ${count - shown.length} more`] : shown;
}

const changed = (name: string, fields: CmdbPlan["cisChanged"][number]["fields"]): string =>
  `${name}: ${fields.map(({ field, before, after }) => `${field} "${before}" → "${after}"`).join(", ")}`;

/** The plan as a person checks it before it is done. */
export function planText({ counts, ...plan }: PlanView, dryRun: boolean, isTerminal: boolean): string {
  const lines = [
    ...listed(plan.cisAdded, counts.cisAdded, "+", "green", isTerminal),
    ...listed(
      plan.cisChanged.map(({ id, fields }) => changed(id, fields)),
      counts.cisChanged,
      "~",
      "yellow",
      isTerminal,
    ),
    ...listed(plan.cisRemoved, counts.cisRemoved, "-", "red", isTerminal),
    ...listed(
      plan.cisRetired.map((id) => `${id} (kept until its incident is over)`),
      counts.cisRetired,
      "-",
      "grey",
      isTerminal,
    ),
    ...listed(plan.relationsAdded, counts.relationsAdded, "+", "green", isTerminal),
    ...listed(
      plan.relationsChanged.map(({ relation, fields }) => changed(relation, fields)),
      counts.relationsChanged,
      "~",
      "yellow",
      isTerminal,
    ),
    ...listed(plan.relationsRemoved, counts.relationsRemoved, "-", "red", isTerminal),
  ];
  const total =
    `${dryRun ? "Would be" : "Done"}: CIs ${counts.cisAdded} added, ${counts.cisChanged} changed, ` +
    `${counts.cisRemoved + counts.cisRetired} removed; relations ${counts.relationsAdded} added, ` +
    `${counts.relationsChanged} changed, ${counts.relationsRemoved} removed (source ${plan.source})`;
  if (lines.length === 0) return `Nothing ${dryRun ? "would change" : "has changed"} (source ${plan.source}).\n`;
  return `${[...lines, total].join("\n")}\n`;
}

/** One CI with what it needs and what needs it. */
export function ciText(ci: CiView, isTerminal: boolean): string {
  const facts: [string, string][] = [
    ["type", ci.type],
    ["name", ci.name],
    ["aliases", ci.aliases.join(", ")],
    [
      "labels",
      Object.entries(ci.labels)
        .map(([name, value]) => `${name}=${value}`)
        .join(", "),
    ],
    ["owner", ci.owner ?? ""],
    ["criticality", ci.criticality === null ? "" : `${ci.criticality} (1 is the most critical)`],
    ["needs healthy", ci.minHealthy === null ? "" : `${ci.minHealthy} members`],
  ];
  const relation = (text: string, { source, confidence }: RelationView): string =>
    `  ${printable(text)}${source === "cmdb" ? "" : ` (${printable(source)}${confidence < 1 ? `, ${Math.round(confidence * 100)} %` : ""})`}`;
  const needs = (ci.needs ?? []).map((one) => relation(`${one.type} ${one.to}`, one));
  const neededBy = (ci.neededBy ?? []).map((one) => relation(`${one.from} ${one.type}`, one));
  return `${[
    paint(printable(ci.id), "bold", isTerminal) + (ci.known ? "" : "  reported, and declared by nobody"),
    ...facts.filter(([, value]) => value !== "").map(([name, value]) => `  ${name.padEnd(14)}${printable(value)}`),
    ...(needs.length > 0 ? ["Needs", ...needs] : []),
    ...(neededBy.length > 0 ? ["Needed by", ...neededBy] : []),
  ].join("\n")}\n`;
}

/** Declared against observed. */
export function driftText({ counts, ...drift }: DriftView, isTerminal: boolean): string {
  const block = (heading: string, lines: string[], count: number): string[] =>
    count === 0 ? [] : [`${heading} (${count})`, ...listed(lines, count, "·", "yellow", isTerminal)];
  const lines = [
    ...block("Reported, and declared by nobody", drift.unknownCis, counts.unknownCis),
    ...block(
      "Observed, and declared by nobody",
      drift.undeclaredRelations.map(
        ({ relation, source, lastSeenAt }) =>
          `${relation} (${source}${lastSeenAt === null ? "" : `, last seen ${lastSeenAt}`})`,
      ),
      counts.undeclaredRelations,
    ),
    ...block(
      "Declared, and not observed although both ends are watched",
      drift.unobservedRelations.map(({ relation, source }) => `${relation} (${source})`),
      counts.unobservedRelations,
    ),
  ];
  return lines.length === 0 ? "No drift: what is declared is what is observed.\n" : `${lines.join("\n")}\n`;
}
