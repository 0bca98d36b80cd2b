import { byText } from "../model/order.ts";
import type { Alert } from "../model/alert.ts";
import type { Incident } from "../model/incident.ts";
import type { NotifyState } from "./state.ts";

export interface Audibility {
  /** At least one active alert may wake a person. */
  isAudible: boolean;
  /** Why not: the rules that mute all of its active alerts, sorted; `clear` when nothing is active. */
  rules: string[];
}

const AUDIBLE: Audibility = { isAudible: true, rules: [] };

/** Whether anything in the incident may be told: something active that no person, window or lateness mutes. O(members). */
export function audibilityOf(state: NotifyState, incident: Readonly<Incident>): Audibility {
  const rules = new Set<string>();
  for (const member of state.incidents.some(incident.id)) {
    if (member.status === "resolved") continue;
    const alert = state.alerts.get(member.alert);
    if (alert === undefined) continue;
    const rule = muteOf(alert, incident.rootCause.ci);
    if (rule === null) return AUDIBLE;
    rules.add(rule);
  }
  if (rules.size === 0) rules.add("clear");
  return { isAudible: false, rules: [...rules].sort(byText) };
}

/** What keeps this active alert from being told; null = nothing. Behind the incident's own root it is the root that speaks. */
function muteOf(alert: Readonly<Alert>, root: string | null): string | null {
  if (alert.late) return "late";
  return alert.suppressedBy.find((reason) => reason !== `dependency:${root}`) ?? null;
}
