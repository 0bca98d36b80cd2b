import type { Incident } from "../model/incident.ts";
import { faultCi, faultDead, faultKey, type FaultKey } from "../model/influence.ts";
import type { IncidentId } from "../model/identity.ts";
import type { TimerQueue } from "../model/timer-queue.ts";
import type { UnixMillis } from "../model/time.ts";
import type { Topology } from "../model/topology.ts";
import type { Thread } from "./threads.ts";

/** A fault as it is stored: which CI, and whether it is dead; null = none. */
type Fault = readonly [ci: string | null, dead: 0 | 1];

const NO_FAULT: Fault = [null, 0];

/**
 * A thread as it is stored, with its incident or in a record of `LooseThreads`, and a verdict as far as its incident does
 * not say the same; without it, where there is none.
 */
export type ThreadRecord = readonly [
  /** Of what is stored in both places, the later has the greater one. */
  edition: number,
  ...root: Fault,
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
  ...ranked: Ranked | readonly [],
];

type Ranked = readonly [
  at: UnixMillis,
  evidence: number,
  ...fault: Fault,
  holdMs: number,
  holdReason: string,
  pageWorthy: 0 | 1,
  pageAfterMs: number,
  /** Only where the incident gives another one. */
  ...pageReason: readonly [] | readonly [string],
];

const NO_REASON = [] as const;

export const lookTimer = (incident: IncidentId): string => `look ${incident}`;
export const rankTimer = (incident: IncidentId): string => `rank ${incident}`;

export function threadRecord(thread: Readonly<Thread>, timers: TimerQueue, topology: Topology): ThreadRecord {
  const { incident, edition, root, rootOrder, firstOnset, lastOnset, looks, doubt, spentAt, ranked } = thread;
  const last: Ranked | readonly [] =
    ranked === null
      ? []
      : [
          ranked.at,
          ranked.evidence,
          ...named(ranked.fault, topology),
          ranked.holdMs,
          ranked.holdReason,
          ranked.pageWorthy ? 1 : 0,
          ranked.pageAfterMs,
          ...(ranked.isHeldBack ? ([ranked.pageReason] as const) : NO_REASON),
        ];
  return [
    edition,
    ...named(root, topology),
    rootOrder,
    firstOnset,
    lastOnset,
    looks,
    doubt,
    (thread.raging ? 1 : 0) + (thread.declining ? 2 : 0),
    spentAt,
    timers.dueAt(lookTimer(incident)),
    timers.dueAt(rankTimer(incident)),
    ...last,
  ];
}

export function editionOf(record: ThreadRecord): number {
  return record[0];
}

/** As it was stored before threads had editions: in a record of its own. */
export function readOldThread(value: readonly unknown[]): ThreadRecord {
  return [0, ...value] as unknown as ThreadRecord;
}

/** When it is to be looked at and ranked again. */
export function timersOf(record: ThreadRecord): { lookAt: UnixMillis | null; rankAt: UnixMillis | null } {
  return { lookAt: record[10], rankAt: record[11] };
}

export function readThread(record: ThreadRecord, incident: Readonly<Incident>, topology: Topology): Thread {
  const [edition, ci, dead, rootOrder, firstOnset, lastOnset, looks, doubt, state, spentAt, , , ...ranked] = record;
  return {
    incident: incident.id,
    edition,
    root: unnamed([ci, dead], topology),
    rootOrder,
    firstOnset,
    lastOnset,
    looks,
    doubt,
    raging: (state & 1) !== 0,
    declining: (state & 2) !== 0,
    spentAt,
    ranked: ranked.length === 0 ? null : rankedOf(ranked, doubt, incident, topology),
  };
}

function rankedOf(
  [at, evidence, ci, dead, holdMs, holdReason, pageWorthy, pageAfterMs, pageReason]: Ranked,
  doubt: number,
  incident: Readonly<Incident>,
  topology: Topology,
): Thread["ranked"] {
  return {
    at,
    evidence,
    pageReason: pageReason ?? incident.pageReason,
    isHeldBack: pageReason !== undefined,
    fault: unnamed([ci, dead], topology),
    doubt,
    holdMs,
    holdReason,
    pageWorthy: pageWorthy === 1,
    pageAfterMs,
  };
}

function named(fault: FaultKey | null, topology: Topology): Fault {
  return fault === null ? NO_FAULT : [topology.id(faultCi(fault)), faultDead(fault) ? 1 : 0];
}

function unnamed([ci, dead]: Fault, topology: Topology): FaultKey | null {
  return ci === null ? null : faultKey(topology.register(ci), dead === 1);
}

/** The same fault in another graph, where its CI has another number. */
export function movedFault(fault: FaultKey | null, from: Topology, to: Topology): FaultKey | null {
  return unnamed(named(fault, from), to);
}
