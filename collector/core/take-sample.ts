import { EVIDENCE_AFTER_MS } from "./abnormal/explain.ts";
import type { Incident } from "./model/incident.ts";
import { IncidentRecord, lastJoined } from "./model/incident-record.ts";
import type { MetricSample } from "./model/metric-evidence.ts";
import type { Milliseconds, UnixMillis } from "./model/time.ts";
import type { Turn } from "./model/turn.ts";
import type { CoreState } from "./state.ts";

/** Samples of one round come one by one: they are weighed together, shortly after the first. */
const GATHER_MS: Milliseconds = 2_000;
const TIMER = "metrics all";

/** Learns what is usual, and has the young incidents looked at again. Costs a few look-ups. */
export function takeSample(state: CoreState, sample: MetricSample, at: UnixMillis): void {
  const index = state.topology.find(sample.ci);
  state.measures.take(index === undefined ? sample.ci : state.topology.id(index), sample, at);
  state.timers.schedule(TIMER, at + GATHER_MS);
}

/** Incidents whose evidence is still coming in get a new verdict. */
export function weighSamples(state: CoreState, turn: Turn): void {
  for (const incident of state.incidents.live()) {
    const isOver = incident.status !== "open" && incident.status !== "acknowledged";
    // Members may have joined a little after the opening: their evidence ends later.
    if (isOver || turn.at > lastJoinedAt(incident) + EVIDENCE_AFTER_MS) continue;
    turn.rank(incident.id);
  }
}

function lastJoinedAt(incident: Readonly<Incident>): UnixMillis {
  return incident instanceof IncidentRecord ? incident.lastJoinedAt : lastJoined(incident.members);
}
