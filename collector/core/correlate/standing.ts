import type { CorrelationView, Ranking } from "../model/correlation.ts";
import { isActive } from "../model/alert-table.ts";
import type { Note } from "../model/evidence.ts";
import type { Incident } from "../model/incident.ts";

/** How many of the members have ended and left nothing to weigh. O(members). */
export function unheardOf(incident: Readonly<Incident>, notes: readonly Note[], view: CorrelationView): number {
  const noted = new Set(notes.map(({ alert }) => alert.id));
  return incident.members.filter(({ alert: id, episode }) => {
    if (noted.has(id)) return false;
    const alert = view.alert(id);
    return alert === undefined || alert.episode !== episode || !isActive(alert);
  }).length;
}

/** Whether it was ever found who is at fault, or why nobody is. */
export function isJudged({ rootCause }: Readonly<Incident>): boolean {
  return rootCause.candidates.length > 0 || rootCause.rootless !== undefined;
}

/** The verdict that the incident itself still holds: what is forgotten since the CMDB changed cannot be weighed again. */
export function standingVerdict(incident: Readonly<Incident>): Ranking {
  return {
    rootCause: incident.rootCause,
    fault: null,
    doubt: 0,
    impact: incident.impact,
    holdMs: 0,
    holdReason: incident.holdReason ?? "",
    pageWorthy: incident.pageWorthy,
    pageReason: incident.pageReason,
    pageAfterMs: 0,
  };
}

/** Who was at fault stands; there is nothing left to be told of. */
export const NOTHING_FIRES: Pick<Ranking, "holdMs" | "holdReason" | "pageWorthy" | "pageReason" | "pageAfterMs"> = {
  holdMs: 0,
  holdReason: "",
  pageWorthy: false,
  pageReason: "everything has cleared",
  pageAfterMs: 0,
};
