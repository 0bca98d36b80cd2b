import type { Ranking } from "../model/correlation.ts";
import type { Impact, Incident, RootCause } from "../model/incident.ts";
import { PRIORITIES, type Priority, type Severity, worseSeverity } from "../model/severity.ts";
import type { Milliseconds } from "../model/time.ts";
import type { Turn } from "../model/turn.ts";
import { isOpen } from "./life.ts";
import { priorityOf } from "./priority.ts";
import { linkProblem } from "./problem.ts";
import { type IncidentState, wakeIncident } from "./state.ts";
import { parentKey, suppressChildren } from "./suppress.ts";
import { tellTimeline } from "../model/timeline.ts";
import { titleOf } from "./title.ts";

/** No hold lasts longer than this from the opening, whatever was learned. */
const HOLD_MAX_MS: Milliseconds = 15 * 60_000;
/** News about an incident goes out at most this often. */
const UPDATE_EVERY_MS: Milliseconds = 60_000;

/** Takes over correlation's verdict on an incident: root, impact, priority, title and how long to hold the first word. */
export function applyVerdict(state: IncidentState, turn: Turn, incident: Incident, ranking: Ranking): void {
  if (ranking.isRepeat === true) return applyRepeat(state, turn, incident, ranking);
  const before = { root: incident.rootCause.ci, change: incident.rootCause.change, services: incident.impact.services };
  const seen = fingerprint(incident);
  const kept: Verdict = {
    priority: incident.priority,
    title: incident.title,
    pageWorthy: incident.pageWorthy,
    pageReason: incident.pageReason,
    holdUntil: incident.holdUntil,
    holdReason: incident.holdReason,
    rootCause: incident.rootCause,
    impact: incident.impact,
  };
  const wasParent = parentKey(incident);
  applyRoot(turn, incident, ranking.rootCause);
  if (parentKey(incident) !== wasParent) suppressChildren(state, turn, incident);
  incident.impact = ranking.impact;
  const priority = applyPriority(state, turn, incident);
  const title = titleOf(incident, incident.members, state.topology, state.incidents.hit(incident.id));
  incident.title = isFlapping(state, incident) ? `${title} (flapping)` : title;
  incident.pageWorthy = ranking.pageWorthy;
  incident.pageReason = ranking.pageReason;
  applyHold(state, turn, incident, ranking);
  if (isOpen(incident)) linkProblem(state, turn, incident);
  if (!sameVerdict(kept, incident)) turn.incidentChanged(incident);
  if (fingerprint(incident) === seen) return;
  incident.revision += 1;
  const isNews =
    incident.rootCause.ci !== before.root ||
    incident.rootCause.change !== before.change ||
    priority !== "same" ||
    !sameServices(incident.impact.services, before.services);
  if (isNews) scheduleUpdate(state, turn, incident, priority === "rises");
}

/** Whether all that fires in it only goes up and down. */
function isFlapping(state: IncidentState, incident: Readonly<Incident>): boolean {
  const firing = incident.members.filter(({ status }) => status !== "resolved");
  return firing.length > 0 && firing.every(({ alert }) => state.alerts.get(alert)?.flapping === true);
}

/** The same verdict once more, as in a storm for each of its events: only what may have changed since. O(1). */
function applyRepeat(state: IncidentState, turn: Turn, incident: Incident, ranking: Ranking): void {
  const { holdUntil, holdReason, pageWorthy } = incident;
  incident.pageWorthy = ranking.pageWorthy;
  incident.pageReason = ranking.pageReason;
  const priority = applyPriority(state, turn, incident);
  applyHold(state, turn, incident, ranking);
  if (isOpen(incident)) linkProblem(state, turn, incident);
  const isHeldAnew = incident.holdUntil !== holdUntil || incident.holdReason !== holdReason;
  if (isHeldAnew || incident.pageWorthy !== pageWorthy || priority !== "same") turn.incidentChanged(incident);
  if (priority === "same") return;
  incident.revision += 1;
  scheduleUpdate(state, turn, incident, priority === "rises");
}

/** A member is as bad as this now. The incident is as bad as its worst ever was: what it was is what people plan for. */
export function worsen(state: IncidentState, turn: Turn, incident: Incident, severity: Severity): void {
  const worst = worseSeverity(incident.severity, severity);
  if (worst === incident.severity) return;
  incident.severity = worst;
  incident.revision += 1;
  tellTimeline(incident, turn.at, "severity", worst);
  turn.incidentChanged(incident);
  turn.rank(incident.id);
  scheduleUpdate(state, turn, incident, true);
}

/**
 * Something worth telling has changed: those who know of the incident hear of it, but not every second. What got worse
 * does not wait: it may concern a receiver that does not know of the incident yet.
 */
export function scheduleUpdate(state: IncidentState, turn: Turn, incident: Incident, isWorse: boolean): void {
  if (!isOpen(incident) || incident.told.length === 0) return;
  const last = Math.max(...incident.told.map((told) => told.at));
  const due = isWorse ? turn.at : Math.max(turn.at, last + UPDATE_EVERY_MS);
  if (incident.updateDueAt !== null && incident.updateDueAt <= due) return;
  incident.updateDueAt = due;
  turn.incidentChanged(incident);
  wakeIncident(state, incident.id, incident.updateDueAt);
}

function applyRoot(turn: Turn, incident: Incident, verdict: RootCause): void {
  const before = incident.rootCause;
  if (incident.rootPinned) {
    // A person named it: correlation may add what it knows, not another answer.
    incident.rootCause = { ...verdict, ci: before.ci, confidence: 1, inferred: before.inferred };
    return;
  }
  incident.rootCause = verdict;
  const { rootless } = verdict;
  const isSame = verdict.ci === before.ci && verdict.change === before.change;
  // Nobody was named before either, but now it is known why.
  if (isSame && (rootless === undefined || before.rootless !== undefined)) return;
  const best = verdict.candidates[0];
  const reasons =
    best !== undefined && best.ci === verdict.ci ? best.reasons : rootless === undefined ? [] : [rootless];
  const text =
    verdict.ci === null
      ? "no single CI"
      : `${verdict.ci}${verdict.inferred ? " (inferred)" : ""}, ${Math.round(verdict.confidence * 100)} %`;
  tellTimeline(incident, turn.at, "root", reasons[0] === undefined ? text : `${text}: ${reasons[0]}`);
  turn.record({
    decision: "root.changed",
    incident: incident.id,
    ci: verdict.ci,
    rule: "root-cause",
    reasons: reasons.length > 0 ? reasons : ["no single CI explains it"],
    counterfactual: runnerUp(verdict),
    facts: {
      from: before.ci,
      confidence: verdict.confidence,
      inferred: verdict.inferred,
      change: verdict.change,
      candidates: verdict.candidates.slice(0, 5).map(({ ci, score }) => ({ ci, score })),
    },
  });
}

function runnerUp({ ci, candidates }: RootCause): string | null {
  const next = candidates.find((candidate) => candidate.ci !== ci);
  if (next === undefined) return null;
  const named = `${next.ci} would be named (${Math.round(next.score * 100)} %)`;
  return ci === null ? `if one CI had to be named, ${named}` : `if it were not ${ci}, ${named}`;
}

function applyPriority(state: IncidentState, turn: Turn, incident: Incident): "same" | "rises" | "falls" {
  const root = incident.rootCause.ci;
  const index = root === null ? undefined : state.topology.find(root);
  const criticality = index === undefined ? null : state.topology.ci(index).criticality;
  const { priority, reason } = priorityOf(incident.severity, incident.impact, criticality);
  if (priority === incident.priority) return "same";
  const before: Priority = incident.priority;
  incident.priority = priority;
  const rises = PRIORITIES.indexOf(priority) < PRIORITIES.indexOf(before);
  tellTimeline(incident, turn.at, "priority", `${priority}: ${reason}`);
  turn.record({
    decision: "priority.changed",
    incident: incident.id,
    ci: root,
    rule: rises ? "impact rises" : "impact falls",
    reasons: [reason],
    facts: { from: before, to: priority, severity: incident.severity },
  });
  return rises ? "rises" : "falls";
}

function applyHold(state: IncidentState, turn: Turn, incident: Incident, ranking: Ranking): void {
  const isTold = incident.told.some((told) => told.kind !== "resolved" && told.revision > 0);
  // All clear for a moment is no reason to tell at once when it is back.
  if (!isOpen(incident) || isTold || (incident.quietSince !== null && incident.holdUntil !== null)) return;
  const { settleMinMs } = state.settings.correlation;
  const at =
    ranking.holdMs <= 0
      ? turn.at
      : Math.min(
          Math.max(turn.at + ranking.holdMs, incident.openingAt + settleMinMs),
          incident.openingAt + HOLD_MAX_MS,
        );
  const isFirst = incident.holdUntil === null;
  // A hold that has passed is over: the incident waits for something else (a silence, a route), not for a clearer picture.
  if (!isFirst && turn.at >= (incident.holdUntil ?? 0)) return;
  incident.holdUntil = at;
  wakeIncident(state, incident.id, at);
  if (!isFirst && incident.holdReason === ranking.holdReason) return;
  incident.holdReason = ranking.holdReason;
  turn.record({
    decision: "notification.held",
    incident: incident.id,
    ci: incident.rootCause.ci,
    rule: "settle",
    reasons: [ranking.holdReason],
    counterfactual: at > turn.at ? "without the hold it would have been told at once" : null,
    facts: { until: at, holdMs: Math.max(0, at - turn.at) },
  });
}

/** All that a verdict changes. */
type Verdict = Pick<
  Incident,
  "priority" | "title" | "pageWorthy" | "pageReason" | "holdUntil" | "holdReason" | "rootCause" | "impact"
>;

/** A verdict that says the same again costs the store nothing. */
function sameVerdict(a: Readonly<Verdict>, b: Readonly<Verdict>): boolean {
  return (
    a.priority === b.priority &&
    a.title === b.title &&
    a.pageWorthy === b.pageWorthy &&
    a.pageReason === b.pageReason &&
    a.holdUntil === b.holdUntil &&
    a.holdReason === b.holdReason &&
    sameRoot(a.rootCause, b.rootCause) &&
    sameImpact(a.impact, b.impact)
  );
}

function sameRoot(a: RootCause, b: RootCause): boolean {
  return (
    a.ci === b.ci &&
    a.confidence === b.confidence &&
    a.inferred === b.inferred &&
    a.change === b.change &&
    sameList(
      a.candidates,
      b.candidates,
      (x, y) => x.ci === y.ci && x.score === y.score && sameList(x.reasons, y.reasons),
    )
  );
}

function sameImpact(a: Impact, b: Impact): boolean {
  return (
    sameList(a.cis, b.cis) &&
    sameList(
      a.services,
      b.services,
      (x, y) => x.ci === y.ci && x.criticality === y.criticality && x.redundancyLeft === y.redundancyLeft,
    )
  );
}

function sameList<T>(a: readonly T[], b: readonly T[], isSame: (x: T, y: T) => boolean = Object.is): boolean {
  return a.length === b.length && a.every((x, i) => isSame(x, b[i] as T));
}

/** What a reader sees of the verdict. */
function fingerprint(incident: Readonly<Incident>): string {
  const { rootCause, impact, priority, title } = incident;
  const services = impact.services.map((service) => `${service.ci} ${service.redundancyLeft}`).join(" ");
  const confidence = rootCause.confidence.toFixed(2);
  return [rootCause.ci, rootCause.change, confidence, priority, title, services, impact.cis.length].join("\n");
}

function sameServices(a: Impact["services"], b: Impact["services"]): boolean {
  return a.length === b.length && a.every((service, i) => service.ci === b[i]?.ci);
}
