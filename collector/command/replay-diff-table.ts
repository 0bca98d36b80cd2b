import type { DiffIncident, DiffPage, ReplayDiff } from "../runtime/replay-diff.ts";
import { isSame } from "../runtime/replay-diff.ts";
import { counted, paint, table } from "./table.ts";

/** The comparison for people: pages first, because they wake somebody. */
export function diffTable(diff: ReplayDiff, isTerminal: boolean): string {
  const { pages, incidents } = diff;
  if (isSame(diff)) {
    return `Nothing differs: ${counted(pages.unchanged, "page")} and ${counted(incidents.unchanged, "incident")} are the same.\n`;
  }
  const rows = [
    ...pages.added.map((page) => ["page added", "", shown(page), page.incident.title]),
    ...pages.removed.map((page) => ["page removed", shown(page), "", page.incident.title]),
    ...pages.moved.map(({ before, after }) => ["page moved", shown(before), shown(after), after.incident.title]),
    ...incidents.split.map(({ before, after }) => ["split", named(before), list(after), before.title]),
    ...incidents.merged.map(({ before, after }) => ["merged", list(before), named(after), after.title]),
    ...incidents.rootChanged.map(({ before, after }) => ["root", root(before), root(after), after.title]),
    ...incidents.added.map((incident) => ["incident added", "", named(incident), incident.title]),
    ...incidents.removed.map((incident) => ["incident removed", named(incident), "", incident.title]),
  ];
  const head = [
    `pages: ${pages.added.length} added, ${pages.removed.length} removed, ${pages.moved.length} moved, ${pages.unchanged} unchanged`,
    `incidents: ${incidents.split.length} split, ${incidents.merged.length} merged, ${incidents.rootChanged.length} with another root, ` +
      `${incidents.added.length} added, ${incidents.removed.length} removed, ${incidents.unchanged} unchanged`,
  ];
  return `${paint(head.join("\n"), "bold", isTerminal)}\n\n${table(["WHAT", "BEFORE", "AFTER", "INCIDENT"], rows)}`;
}

function shown(page: DiffPage): string {
  return `${page.at.slice(0, 19)}Z ${page.receiver} ${page.priority} ${page.rootCause ?? "no single root"}`;
}

function named(incident: DiffIncident): string {
  return `#${incident.number} ${incident.priority} (${counted(incident.alerts, "alert")})`;
}

function root(incident: DiffIncident): string {
  return `#${incident.number} ${incident.rootCause ?? "none"}`;
}

function list(incidents: readonly DiffIncident[]): string {
  const first = incidents.slice(0, 4).map((incident) => `#${incident.number}`);
  return first.join(" ") + (incidents.length > first.length ? ` and ${incidents.length - first.length} more` : "");
}
