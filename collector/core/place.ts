import { attach, openIncident, takeOut } from "./incident/attach.ts";
import { isOpen, resolve } from "./incident/life.ts";
import { merge } from "./incident/merge.ts";
import type { Alert } from "./model/alert.ts";
import { GATHERING, type Placement } from "./model/correlation.ts";
import type { Incident } from "./model/incident.ts";
import type { Turn } from "./model/turn.ts";
import type { CoreState } from "./state.ts";
import type { AlertId, IncidentId } from "./model/identity.ts";

/** Alerts that one step moves for a storm: some 10 ms of work, verdicts and texts with it. */
const PLACED_A_STEP = 100;

/**
 * Does some of what waits in `state.undone`. A storm's decision moves thousands of alerts: done in one step it would keep
 * whoever waits for an answer waiting. What goes to one incident stays together, so that no verdict is given on a part.
 */
export function placeSome(state: CoreState, turn: Turn): void {
  let moved = 0;
  let target: string | null = null;
  for (let next = state.undone.at(-1); next !== undefined; next = state.undone.at(-1)) {
    if (moved >= PLACED_A_STEP && (target === null || targetOf(next) !== target)) return;
    state.undone.pop();
    moved += next.type === "open" || next.type === "join" ? next.alerts.length : 1;
    target = targetOf(next);
    place(state, turn, [next]);
  }
}

/** The incident that it is about; null = a new one, or none. */
function targetOf(placement: Placement): string | null {
  if (placement.type === "join") return placement.incident;
  return placement.type === "merge" ? placement.into : null;
}

/** What correlation decided, done. Each placement is applied before the next is read. */
export function place(state: CoreState, turn: Turn, placements: readonly Placement[]): void {
  for (const placement of placements) {
    switch (placement.type) {
      case "open":
        openFor(state, turn, placement.alerts, placement.reasons);
        break;
      case "join":
        join(state, turn, placement);
        break;
      case "merge":
        mergeTwo(state, turn, placement);
        break;
      case "withhold":
        withhold(state, turn, placement);
        break;
    }
  }
}

function openFor(state: CoreState, turn: Turn, ids: readonly AlertId[], reasons: readonly string[]): void {
  const alerts = movable(state, ids);
  const incident = openIncident(state, turn, alerts, reasons);
  if (incident !== undefined) turn.rank(incident.id);
}

function join(state: CoreState, turn: Turn, placement: Extract<Placement, { type: "join" }>): void {
  const incident = survivor(state, placement.incident);
  // It closed in the same moment: what belongs together still opens together.
  if (incident === undefined) return openFor(state, turn, placement.alerts, placement.reasons);
  for (const alert of movable(state, placement.alerts, incident.id)) {
    attach(state, turn, incident, alert, placement.reasons);
  }
}

function mergeTwo(state: CoreState, turn: Turn, placement: Extract<Placement, { type: "merge" }>): void {
  const from = survivor(state, placement.from);
  const into = survivor(state, placement.into);
  if (from === undefined || into === undefined || from.membersPinned || into.membersPinned) return;
  merge(state, turn, from, into, placement.reasons);
  turn.rank(into.id);
}

function withhold(state: CoreState, turn: Turn, placement: Extract<Placement, { type: "withhold" }>): void {
  const [alert] = movable(state, [placement.alert]);
  if (alert === undefined) return;
  const { rule, reasons, until } = placement;
  if (alert.withheld === rule && alert.incident === null) return;
  const from = takeOut(state, turn, alert);
  if (from !== undefined && state.incidents.count(from.id) > 0) turn.rank(from.id);
  else if (from !== undefined && isOpen(from)) {
    resolve(state, turn, from, { rule, reason: `nothing is left in it: ${reasons[0] ?? rule}`, actor: null });
  }
  alert.withheld = rule;
  turn.alertChanged(alert);
  // Nothing is decided of it yet, and what will be is told then: in a flood this would be half of the ledger.
  if (rule === GATHERING && from === undefined) return;
  turn.record({
    decision: "alert.withheld",
    alert: alert.id,
    ci: alert.ci,
    rule,
    reasons,
    counterfactual: "otherwise it would have joined or opened an incident",
    facts: { until, episode: alert.episode },
  });
}

/** Alerts that exist and that no person has put where they are. */
function movable(state: CoreState, ids: readonly AlertId[], into?: IncidentId): Alert[] {
  const alerts: Alert[] = [];
  for (const id of ids) {
    const alert = state.alerts.get(id);
    if (alert === undefined) continue;
    const from = state.incidents.of(alert);
    const isPinned = from !== undefined && from.membersPinned && from.id !== into;
    const isMember = from !== undefined && state.incidents.member(from.id, id)?.episode === alert.episode;
    if (!isPinned || !isMember) alerts.push(alert);
  }
  return alerts;
}

/** The incident, if it is not closed. */
function survivor(state: CoreState, id: IncidentId): Incident | undefined {
  return state.incidents.get(id);
}
