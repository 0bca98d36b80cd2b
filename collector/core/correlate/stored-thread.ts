import type { Ranking } from "../model/correlation.ts";
import type { Incident } from "../model/incident.ts";
import { faultCi, faultDead, faultKey, type FaultKey } from "../model/influence.ts";
import type { IncidentId } from "../model/identity.ts";
import type { TimerQueue } from "../model/timer-queue.ts";
import type { UnixMillis } from "../model/time.ts";
import type { Topology } from "../model/topology.ts";
import type { Thread } from "./threads.ts";

type Fault = readonly [ci: string, dead: 0 | 1] | null;

/** A verdict as far as its incident does not say the same. */
type Ranked = readonly [
  at: UnixMillis,
  evidence: number,
  fault: Fault,
  holdMs: number,
  holdReason: string,
  pageWorthy: 0 | 1,
  pageAfterMs: number,
];

/** A thread as it is stored. */
export type ThreadRecord = readonly [
  root: Fault,
  rootOrder: number,
  firstOnset: UnixMillis,
  lastOnset: UnixMillis,
  looks: number,
  doubt: number,
  /** 1 raging, 2 declining. */
  state: number,
  spentAt: UnixMillis | null,
  lookAt: UnixMillis | null,
  rankAt: UnixMillis | null,
  ranked: Ranked | null,
];

export const lookTimer = (incident: IncidentId): string => `look ${incident}`;
export const rankTimer = (incident: IncidentId): string => `rank ${incident}`;

export function threadRecord(thread: Readonly<Thread>, timers: TimerQueue, topology: Topology): ThreadRecord {
  const { incident, root, rootOrder, firstOnset, lastOnset, looks, doubt, raging, declining, spentAt, ranked } = thread;
  const last: Ranked | null =
    ranked === null
      ? null
      : [
          ranked.at,
          ranked.evidence,
          named(ranked.ranking.fault, topology),
          ranked.ranking.holdMs,
          ranked.ranking.holdReason,
          ranked.ranking.pageWorthy ? 1 : 0,
          ranked.ranking.pageAfterMs,
        ];
  return [
    named(root, topology),
    rootOrder,
    firstOnset,
    lastOnset,
    looks,
    doubt,
    (raging ? 1 : 0) + (declining ? 2 : 0),
    spentAt,
    timers.dueAt(lookTimer(incident)),
    timers.dueAt(rankTimer(incident)),
    last,
  ];
}

/**
 * @param incident undefined = it is closed
 */
export function readThread(
  id: IncidentId,
  record: ThreadRecord,
  incident: Readonly<Incident> | undefined,
  topology: Topology,
): Thread {
  const [root, rootOrder, firstOnset, lastOnset, looks, doubt, state, spentAt, , , ranked] = record;
  return {
    incident: id,
    root: unnamed(root, topology),
    rootOrder,
    firstOnset,
    lastOnset,
    looks,
    doubt,
    raging: (state & 1) !== 0,
    declining: (state & 2) !== 0,
    spentAt,
    stored: JSON.stringify(record),
    ranked:
      ranked === null
        ? null
        : { at: ranked[0], evidence: ranked[1], ranking: rankingOf(ranked, doubt, incident, topology) },
  };
}

function rankingOf(
  [, , fault, holdMs, holdReason, pageWorthy, pageAfterMs]: Ranked,
  doubt: number,
  incident: Readonly<Incident> | undefined,
  topology: Topology,
): Ranking {
  return {
    rootCause: incident?.rootCause ?? { ci: null, confidence: 0, inferred: false, candidates: [], change: null },
    impact: incident?.impact ?? { services: [], cis: [] },
    pageReason: incident?.pageReason ?? "",
    fault: unnamed(fault, topology),
    doubt,
    holdMs,
    holdReason,
    pageWorthy: pageWorthy === 1,
    pageAfterMs,
  };
}

function named(fault: FaultKey | null, topology: Topology): Fault {
  return fault === null ? null : [topology.id(faultCi(fault)), faultDead(fault) ? 1 : 0];
}

function unnamed(fault: Fault, topology: Topology): FaultKey | null {
  return fault === null ? null : faultKey(topology.register(fault[0]), fault[1] === 1);
}

/** The same fault in another graph, where its CI has another number. */
export function movedFault(fault: FaultKey | null, from: Topology, to: Topology): FaultKey | null {
  return unnamed(named(fault, from), to);
}
