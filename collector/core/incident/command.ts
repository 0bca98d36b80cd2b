import type { Incident } from "../model/incident.ts";
import type { Turn } from "../model/turn.ts";
import { tellTimeline } from "../model/timeline.ts";

const TEXT_MAX = 4000;

/** Somebody works on it. False when it was acknowledged already. */
export function acknowledge(turn: Turn, incident: Incident, actor: string, note: string): boolean {
  if (incident.status === "acknowledged") {
    if (note !== "") addNote(turn, incident, actor, note);
    return false;
  }
  incident.status = "acknowledged";
  incident.acknowledgedAt = turn.at;
  incident.owner ??= actor;
  told(turn, incident, actor, { kind: "acknowledged", text: note });
  return true;
}

export function assign(turn: Turn, incident: Incident, actor: string, owner: string | null): void {
  if (incident.owner === owner) return;
  incident.owner = owner;
  told(turn, incident, actor, { kind: "assigned", text: owner === null ? "nobody" : owner });
}

export function addNote(turn: Turn, incident: Incident, actor: string, text: string): void {
  told(turn, incident, actor, { kind: "note", text });
}

/** A person names the root, or takes that back (null): then correlation decides again. */
export function pinRoot(turn: Turn, incident: Incident, actor: string, ci: string | null): void {
  incident.rootPinned = ci !== null;
  if (ci !== null) incident.rootCause = { ...incident.rootCause, ci, confidence: 1, inferred: false };
  told(turn, incident, actor, { kind: "root", text: ci === null ? "as correlation finds it" : `${ci}, by ${actor}` });
}

function told(turn: Turn, incident: Incident, actor: string, { kind, text }: { kind: string; text: string }): void {
  const said = text.slice(0, TEXT_MAX);
  incident.revision += 1;
  tellTimeline(incident, turn.at, kind, said, actor);
  turn.incidentChanged(incident);
  turn.record({
    decision: `incident.${kind}`,
    incident: incident.id,
    ci: incident.rootCause.ci,
    rule: "person",
    reasons: [said === "" ? `${actor} did so` : said],
    facts: { actor },
  });
}
