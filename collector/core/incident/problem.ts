import { hashId } from "../model/hash.ts";
import type { Incident } from "../model/incident.ts";
import type { Problem } from "../model/problem.ts";
import { withOneMore } from "../model/short-list.ts";
import type { Turn } from "../model/turn.ts";
import type { IncidentState } from "./state.ts";
import { tellTimeline } from "../model/timeline.ts";

const INCIDENTS_MAX = 100;
const PROBLEMS_MAX = 10_000;

/** Links an incident whose root is known to the earlier ones of that root, and says what fixed it last time. */
export function linkProblem(state: IncidentState, turn: Turn, incident: Incident): void {
  const root = incident.rootCause.ci;
  const problem = root === null ? undefined : state.problems.get(root);
  const earlier = problem === undefined ? 0 : earlierOnes(problem, incident);
  const id = problem === undefined || earlier === 0 ? null : problem.id;
  if (incident.problem === id) return;
  incident.problem = id;
  turn.incidentChanged(incident);
  if (problem === undefined || id === null) return;
  const fix = problem.lastFix === null ? "" : `; last time: ${problem.lastFix}`;
  const text = `${problem.rootCause} was the root of ${earlier} earlier incident${earlier === 1 ? "" : "s"}${fix}`;
  tellTimeline(incident, turn.at, "problem", text);
}

/** Its own earlier openings count as one. */
function earlierOnes(problem: Readonly<Problem>, incident: Readonly<Incident>): number {
  const others = problem.count - (problem.incidents.includes(incident.id) ? 1 : 0);
  return others + (incident.reopened > 0 ? 1 : 0);
}

/** When an incident resolves: its root now has one more, and perhaps a known fix. */
export function rememberFix(state: IncidentState, turn: Turn, incident: Incident): void {
  const root = incident.rootCause.ci;
  if (root === null) return;
  const problem = state.problems.get(root) ?? newProblem(root, incident.openedAt);
  if (!problem.incidents.includes(incident.id)) {
    problem.incidents = withOneMore(problem.incidents, incident.id);
    problem.count += 1;
    if (problem.incidents.length > INCIDENTS_MAX) problem.incidents.shift();
  }
  problem.lastAt = turn.at;
  problem.lastFix = fixOf(state, incident) ?? problem.lastFix;
  // Newest last, so that the first is the one not seen for longest.
  state.problems.delete(root);
  state.problems.set(root, problem);
  turn.put({ kind: "problem", id: problem.id, value: problem });
  if (state.problems.size > PROBLEMS_MAX) {
    const [oldest] = state.problems.values();
    if (oldest === undefined) return;
    state.problems.delete(oldest.rootCause);
    turn.remove("problem", oldest.id);
  }
}

function newProblem(root: string, at: number): Problem {
  return {
    id: hashId("prb-", [root], 12),
    rootCause: root,
    incidents: [],
    firstAt: at,
    lastAt: at,
    count: 0,
    lastFix: null,
  };
}

/** What a person wrote last: a note, or the words with which it was resolved; else the last change to the root meanwhile. */
function fixOf(state: IncidentState, incident: Readonly<Incident>): string | null {
  const said = incident.timeline.findLast((entry) => entry.actor !== null && isFix(entry.kind) && entry.text !== "");
  if (said !== undefined) return `${said.text} (${said.actor})`;
  const root = incident.rootCause.ci;
  const changes = root === null ? [] : state.changes.on(root);
  const last = changes.findLast(
    (change) => change.at > incident.openingAt && change.event !== incident.rootCause.change,
  );
  return last === undefined ? null : `${last.check}: ${last.summary}`;
}

function isFix(kind: string): boolean {
  return kind === "resolved" || kind === "note";
}
