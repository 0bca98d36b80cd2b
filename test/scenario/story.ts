import type { Ci, CmdbDocument, MaintenanceWindow, Relation } from "../../collector/core/model/ci.ts";
import { DEFAULT_SETTINGS } from "../../collector/core/model/settings.ts";
import { replayEvents } from "../../collector/runtime/replay.ts";
import type { ReplayIncident } from "../../collector/runtime/replay-result.ts";

const START = Date.parse("2026-03-01T03:00:00.000Z");

/** One line of a story: what a source says, some seconds after 03:00. */
export interface Told {
  at: number;
  ci: string;
  check: string;
  instance?: string;
  status?: "firing" | "resolved";
  severity?: string;
  summary?: string;
  source?: string;
  kind?: "alert" | "change";
  annotations?: Record<string, string>;
  /** Seconds by which the source's clock is older than the arrival. */
  late?: number;
}

/** A CMDB in a few lines: `{ "web-1": "host" }` and `["web-1 runsOn hv-1"]`. */
export function cmdb(
  cis: Record<string, string | [type: string, more: Partial<Ci>]>,
  relations: readonly string[],
  more: { vantage?: string[]; maintenance?: MaintenanceWindow[] } = {},
): CmdbDocument {
  return {
    vantage: more.vantage ?? [],
    cis: Object.entries(cis).map(([id, what]) => ({
      id,
      type: typeof what === "string" ? what : what[0],
      name: id,
      aliases: [],
      labels: {},
      owner: null,
      criticality: 2,
      minHealthy: null,
      known: true,
      ...(typeof what === "string" ? {} : what[1]),
    })),
    relations: relations.map((text): Relation => {
      const [from = "", type = "", to = ""] = text.split(" ");
      return { from, type, to, source: "cmdb", confidence: 1, lastSeenAt: null };
    }),
    maintenance: more.maintenance ?? [],
  };
}

export function window(id: string, cis: string[], from: number, to: number): MaintenanceWindow {
  const at = (second: number): number => START + second * 1000;
  return { id, cis, from: at(from), to: at(to), includeDependents: true, reason: "work", owner: null };
}

/** Several CIs say the same, a few seconds apart. */
export function each(cis: readonly string[], told: Omit<Told, "ci">, apart = 3): Told[] {
  return cis.map((ci, index) => ({ ...told, ci, at: told.at + index * apart }));
}

export interface Ending {
  /** Incidents that were not merged into others, as they were at the end; the largest first. */
  incidents: ReplayIncident[];
  pages: number;
  /** The incident that holds an alert of this CI; undefined when none does. */
  of: (ci: string) => ReplayIncident | undefined;
}

/** Plays a story through the whole core, in virtual time. */
export async function play(document: CmdbDocument, story: readonly Told[], untilSecond: number): Promise<Ending> {
  const lines = [...story].sort((a, b) => a.at - b.at).map((told, index) => JSON.stringify(lineOf(told, index)));
  const until = START + untilSecond * 1000;
  const result = await replayEvents({ cmdb: document, settings: DEFAULT_SETTINGS, lines, until });
  const incidents = result.incidents
    .filter((incident) => incident.mergedInto === null)
    .sort((a, b) => b.alerts.length - a.alerts.length);
  return {
    incidents,
    pages: result.stats.pages,
    of: (ci) => incidents.find((incident) => incident.alerts.some((alert) => alert.ci === ci)),
  };
}

function lineOf(told: Told, index: number): Record<string, unknown> {
  const at = START + told.at * 1000;
  return {
    receivedAt: new Date(at).toISOString(),
    id: `e-${index}`,
    source: told.source ?? "nagios",
    ci: told.ci,
    check: told.check,
    instance: told.instance ?? "",
    status: told.status ?? "firing",
    severity: told.severity ?? "critical",
    summary: told.summary ?? `${told.check} on ${told.ci}`,
    time: new Date(at - (told.late ?? 0) * 1000).toISOString(),
    kind: told.kind ?? "alert",
    ...(told.annotations === undefined ? {} : { annotations: told.annotations }),
  };
}
