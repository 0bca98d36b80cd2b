import type { Alert } from "../model/alert.ts";
import type { Incident } from "../model/incident.ts";
import type { Turn } from "../model/turn.ts";
import { isOpen, STRAY_AFTER_MS } from "./life.ts";
import { type IncidentState, wakeIncident } from "./state.ts";

/** Active members that keep an incident open without reason. */
export interface Strays {
  /** Silent ones whose clear was most likely lost: sources that tell a condition once also lose its end. */
  lost: Alert[];
  /** They flap on, as they did before and will after: noise beside a fault that is over. */
  flapping: Alert[];
}

const NONE: Strays = { lost: [], flapping: [] };

/**
 * A missing clear never keeps an incident open for ever: when most members are clear, nothing new was heard for a while,
 * and what remains is silent or only flaps, the remainder is let go. What happens on the root itself gets twice the time.
 *
 * @param holds whether it is our own finding and still so: nobody repeats it, and no clear of it can be lost
 */
export function straysOf(
  state: IncidentState,
  turn: Turn,
  incident: Incident,
  holds: (alert: Readonly<Alert>) => boolean,
): Strays {
  const { strayCheckAt } = incident;
  if (strayCheckAt === null || turn.at < strayCheckAt || !isOpen(incident)) return NONE;
  turn.incidentChanged(incident);
  incident.strayCheckAt = null;
  const found: Strays = { lost: [], flapping: [] };
  let newsAt = 0;
  let isOnRoot = false;
  let holding = 0;
  for (const member of state.incidents.all(incident)) {
    const alert = state.alerts.get(member.alert);
    const isActive = member.status !== "resolved" && alert?.incident === incident.id;
    if (!isActive) {
      newsAt = Math.max(newsAt, member.resolvedAt ?? 0);
      continue;
    }
    if (holds(alert)) {
      holding += 1;
      continue;
    }
    const isRoot = alert.ci === incident.rootCause.ci;
    if (alert.flapping && !isRoot) {
      found.flapping.push(alert);
      continue;
    }
    isOnRoot ||= isRoot;
    newsAt = Math.max(newsAt, alert.lastSeenAt);
    found.lost.push(alert);
  }
  const active = found.lost.length + found.flapping.length;
  const clear = state.incidents.count(incident.id) - active - holding;
  if (active === 0 || active * 2 > clear) return NONE;
  const due = newsAt + (isOnRoot ? 2 : 1) * STRAY_AFTER_MS;
  if (turn.at >= due) return found;
  incident.strayCheckAt = due;
  wakeIncident(state, incident.id, due);
  return NONE;
}
