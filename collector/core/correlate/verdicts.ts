import type { CorrelationView, Ranking, RootRanker } from "../model/correlation.ts";
import type { IncidentId } from "../model/identity.ts";
import type { Incident } from "../model/incident.ts";
import type { Influence } from "../model/influence.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import type { Maintenance } from "./background.ts";
import { learnFrom } from "./belief.ts";
import type { Moment } from "./common.ts";
import { heardAround, type Memory } from "./heard-around.ts";
import type { Rooms } from "./keeping.ts";
import { isHoldOver, isPageDue, rankPause } from "./rank-pause.ts";
import { weighed } from "./regroup.ts";
import { NOTHING_FIRES } from "./standing.ts";
import { rankTimer } from "./stored-thread.ts";
import type { Ranked, Thread } from "./threads.ts";

/** An incident of so many alerts is a storm while more come. */
const STORM = 8;
const RAGING_MIN = 6;
const DECLINE_MIN = 5;
const DECLINE_SHARE = 0.4;
/** With less than this share of the evidence left, the last verdict stands. */
const EVIDENCE_LEFT = 0.6;

/** What only clears is no page for so many settle times after another one: it may turn out as a piece of the same. */
const BESIDE = 3;
const PIECE = "it may be a piece of what somebody was woken for just now";

/** What a verdict is given by. */
export interface Surroundings {
  rooms: Rooms;
  influence: Influence;
  maintenance: Maintenance;
  view: CorrelationView;
}

/** Asks for the root of an incident when that is worth it, and remembers what one verdict means for the others. */
export class Verdicts {
  private readonly ranker: RootRanker;
  /** The last storm that grew. */
  storm: Moment | null = null;
  /** The last two incidents that somebody was woken for, newest first. */
  paged: readonly Moment[] = [];

  constructor(ranker: RootRanker) {
    this.ranker = ranker;
  }

  resume(storm: Moment | null, paged: readonly Moment[]): void {
    this.storm = storm;
    this.paged = paged;
  }

  memory({ notebook, habits }: Rooms): Memory {
    return { notebook, habits, storm: this.storm, paged: this.paged };
  }

  /** The verdict on an incident: a new one, or the last where nothing can have changed it or too little is left to weigh. */
  rank(incident: Readonly<Incident>, at: UnixMillis, { rooms, influence, maintenance, view }: Surroundings): Ranking {
    const { threads } = rooms;
    const thread = threads.of(incident.id, at);
    const last = thread.ranked;
    const pause = rankPause(incident.members.length, last?.pageWorthy === true ? at - thread.firstOnset : 0);
    if (last !== null && thread.spentAt !== null && at < thread.spentAt + pause) {
      const ranking = this.spent(incident, last, at, { rooms, view });
      rankAgain(rooms, incident.id, thread.spentAt + pause);
      return { ...ranking, isRepeat: true };
    }
    const isDue = last !== null && (isPageDue(last, at) || isHoldOver(incident, last.at, at));
    if (last !== null && !isDue && at < last.at + pause) {
      rankAgain(rooms, incident.id, last.at + pause);
      return { ...rankingOf(incident, last), holdMs: holdLeft(last, at), isRepeat: true };
    }
    const before = { ...thread };
    const ranking = this.rankAnew(incident, thread, at, { rooms, influence, maintenance, view });
    if (!saysSame(before, thread)) threads.touch(incident.id);
    return ranking;
  }

  private rankAnew(
    incident: Readonly<Incident>,
    thread: Thread,
    at: UnixMillis,
    { rooms, influence, maintenance, view }: Surroundings,
  ): Ranking {
    const { threads, notebook, strays } = rooms;
    const last = thread.ranked;
    const { notes, isFlapping } = weighed(incident.id, notebook, view);
    const cleared = notes.filter((note) => note.resolvedAt !== null).length;
    if (notes.length >= STORM) this.storm = { incident: incident.id, at: thread.lastOnset };
    const wasDeclining = thread.declining;
    thread.declining = notes.length >= DECLINE_MIN && cleared >= notes.length * DECLINE_SHARE;
    if (thread.declining && !wasDeclining && last !== null)
      learnFrom(rooms, { incident, fault: last.fault, notes, topology: view.topology }, at);
    const isSpent = last !== null && (thread.declining || notes.length < last.evidence * EVIDENCE_LEFT);
    thread.spentAt = isSpent ? at : null;
    if (last !== null && isSpent) return this.spent(incident, last, at, { rooms, view });
    if (last !== null && cleared > 0 && cleared === notes.length) {
      const ranking = { ...rankingOf(incident, last), ...NOTHING_FIRES };
      thread.ranked = rankedOf(ranking, at, Math.max(notes.length, last.evidence));
      return ranking;
    }
    const planned = (ci: number, onset: UnixMillis): boolean => maintenance.isBehind(ci, onset, view.maintenance());
    const evidence = { incident, notes, influence, planned, strayRate: strays.rate(at) };
    const ranking = this.ranker.rank({ ...evidence, ...heardAround(this.memory(rooms), incident.id, at) }, at, view);
    threads.setRoot(incident.id, isFlapping ? null : ranking.fault, at);
    thread.doubt = ranking.doubt;
    thread.raging = notes.length >= RAGING_MIN && cleared * 2 < notes.length;
    thread.ranked = rankedOf(ranking, at, Math.max(notes.length, last?.evidence ?? 0));
    if (ranking.pageAfterMs > 0) rankAgain(rooms, incident.id, at + ranking.pageAfterMs);
    if (ranking.pageWorthy && ranking.holdMs === 0) this.notePage(incident.id, at);
    return ranking;
  }

  /**
   * The last verdict on what clears already. That is no reason to tell it before its hold is over, nor not to wait beside a
   * page that has come meanwhile.
   */
  private spent(
    incident: Readonly<Incident>,
    last: Ranked,
    at: UnixMillis,
    { rooms, view }: Pick<Surroundings, "rooms" | "view">,
  ): Ranking {
    const ranking = { ...rankingOf(incident, last), holdMs: holdLeft(last, at), pageAfterMs: 0 };
    const isPage = ranking.pageWorthy && !incident.told.some(({ paged }) => paged);
    const other = isPage ? this.paged.find((page) => page.incident !== incident.id && page.at >= last.at) : undefined;
    const beside = other === undefined ? 0 : other.at + BESIDE * view.settings.settleMaxMs - at;
    if (beside > 0 !== last.isHeldBack) {
      last.isHeldBack = beside > 0;
      rooms.threads.touch(incident.id);
    }
    if (!isPage) return ranking;
    if (beside > 0) {
      rankAgain(rooms, incident.id, at + beside);
      return { ...ranking, pageWorthy: false, pageReason: PIECE, pageAfterMs: beside };
    }
    if (ranking.holdMs === 0) this.notePage(incident.id, at);
    return ranking;
  }

  /** Someone is woken for this incident now, unless they were already. The last two that did so are remembered. */
  private notePage(incident: IncidentId, at: UnixMillis): void {
    const [last] = this.paged;
    const known = this.paged.find((page) => page.incident === incident);
    if (known === undefined) this.paged = last === undefined ? [{ incident, at }] : [{ incident, at }, last];
  }
}

/** What is left of a hold that a verdict of before has asked for. */
function holdLeft({ at: since, holdMs }: Readonly<Ranked>, at: UnixMillis): Milliseconds {
  return Math.max(0, since + holdMs - at);
}

function rankedOf(ranking: Readonly<Ranking>, at: UnixMillis, evidence: number): Ranked {
  const { fault, doubt, holdMs, holdReason, pageWorthy, pageReason, pageAfterMs } = ranking;
  return { at, evidence, fault, doubt, holdMs, holdReason, pageWorthy, pageReason, pageAfterMs, isHeldBack: false };
}

/** The last verdict: whom it names and what is hit stands in the incident, which took it over. */
function rankingOf({ rootCause, impact }: Readonly<Incident>, ranked: Readonly<Ranked>): Ranking {
  const { fault, doubt, holdMs, holdReason, pageWorthy, pageReason, pageAfterMs } = ranked;
  return { rootCause, impact, fault, doubt, holdMs, holdReason, pageWorthy, pageReason, pageAfterMs };
}

/** Whether a verdict has left the thread as it is stored; the root says for itself when it changes. */
function saysSame(a: Readonly<Thread>, b: Readonly<Thread>): boolean {
  if (a.declining !== b.declining || a.raging !== b.raging) return false;
  if (a.spentAt !== b.spentAt || a.doubt !== b.doubt) return false;
  const [was, is] = [a.ranked, b.ranked];
  if (was === null || is === null || was === is) return was === is;
  return (
    was.at === is.at &&
    was.evidence === is.evidence &&
    was.fault === is.fault &&
    was.holdMs === is.holdMs &&
    was.holdReason === is.holdReason &&
    was.pageWorthy === is.pageWorthy &&
    was.pageAfterMs === is.pageAfterMs
  );
}

function rankAgain({ timers, threads }: Rooms, incident: IncidentId, at: UnixMillis): void {
  const before = timers.dueAt(rankTimer(incident));
  timers.schedule(rankTimer(incident), at);
  if (before !== timers.dueAt(rankTimer(incident))) threads.touch(incident);
}
