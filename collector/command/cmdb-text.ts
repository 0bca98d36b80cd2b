import type { CmdbDrift, CmdbPlan } from "../port/cmdb.ts";
import { paint, printable, table } from "./table.ts";

/** As the API answers. */
export type PlanView = CmdbPlan;
export type DriftView = Omit<CmdbDrift, "at"> & { at: string };

interface RelationView {
  from: string;
  type: string;
  to: string;
  source: string;
  confidence: number;
  lastSeenAt: string | null;
  seenBy: string | null;
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
const DRIFT_SHOWN_MAX = 50;

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

/** Who says so, how sure that is, and when it was seen; nothing for what is declared in files and was never seen. */
function originText({ source, confidence, lastSeenAt, seenBy }: RelationView): string {
  const parts = [
    ...(source === "cmdb" ? [] : [printable(source)]),
    ...(confidence < 1 ? [`${Math.round(confidence * 100)} %`] : []),
    ...(lastSeenAt === null
      ? []
      : [`seen ${lastSeenAt}${seenBy === null || seenBy === source ? "" : ` by ${seenBy}`}`]),
  ];
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
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
  const relation = (text: string, view: RelationView): string => `  ${printable(text)}${originText(view)}`;
  const needs = (ci.needs ?? []).map((one) => relation(`${one.type} ${one.to}`, one));
  const neededBy = (ci.neededBy ?? []).map((one) => relation(`${one.from} ${one.type}`, one));
  return `${[
    paint(printable(ci.id), "bold", isTerminal) + (ci.known ? "" : "  reported, and declared by nobody"),
    ...facts.filter(([, value]) => value !== "").map(([name, value]) => `  ${name.padEnd(14)}${printable(value)}`),
    ...(needs.length > 0 ? ["Needs", ...needs] : []),
    ...(neededBy.length > 0 ? ["Needed by", ...neededBy] : []),
  ].join("\n")}\n`;
}

/** Declared against observed: a table for each kind of difference. */
export function driftText({ counts, ...drift }: DriftView, isTerminal: boolean): string {
  const seen = (time: string | null): string => time ?? "never";
  const block = (heading: string, count: number, headers: string[], rows: string[][]): string[] => {
    if (count === 0) return [];
    const shown = rows.slice(0, DRIFT_SHOWN_MAX);
    const more = count > shown.length ? [`… and ${count - shown.length} more; --json has up to a thousand`] : [];
    return [paint(`${heading} (${count})`, "bold", isTerminal), table(headers, shown).trimEnd(), ...more, ""];
  };
  const lines = [
    ...block(
      "Reported, and declared by nobody",
      counts.unknownCis,
      ["CI"],
      drift.unknownCis.map((ci) => [ci]),
    ),
    ...block(
      "Found by agents, and missing in the CMDB",
      counts.undeclaredCis,
      ["CI", "TYPE", "ON", "LAST SEEN"],
      drift.undeclaredCis.map(({ ci, type, host, lastSeenAt }) => [ci, type, host ?? "", lastSeenAt]),
    ),
    ...block(
      "Declared, and not found on its host",
      counts.unobservedCis,
      ["CI", "TYPE", "ON", "WATCHED SINCE"],
      drift.unobservedCis.map(({ ci, type, host, watchedSince }) => [ci, type, host, watchedSince]),
    ),
    ...block(
      "Observed relations that are missing in the CMDB",
      counts.undeclaredRelations,
      ["RELATION", "SOURCE", "SURE", "LAST SEEN"],
      drift.undeclaredRelations.map(({ relation, source, confidence, lastSeenAt }) => [
        relation,
        source,
        `${Math.round(confidence * 100)} %`,
        seen(lastSeenAt),
      ]),
    ),
    ...block(
      "Declared relations that were not observed although both ends are watched",
      counts.unobservedRelations,
      ["RELATION", "SOURCE", "LAST SEEN"],
      drift.unobservedRelations.map(({ relation, source, lastSeenAt }) => [relation, source, seen(lastSeenAt)]),
    ),
  ];
  return lines.length === 0 ? "No drift: what is declared is what is observed.\n" : `${lines.join("\n").trimEnd()}\n`;
}
