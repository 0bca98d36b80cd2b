import type { AlertId } from "../model/identity.ts";
import { inOrderOf } from "../model/order.ts";
import type { StoredPiece } from "../model/stored-list.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import { LookedAt } from "./looked-at.ts";

/** After the first alert that fits nowhere, this share of the shortest settle time until its neighbourhood is solved … */
const GATHER_SHARE = 0.4;
/** … and longer for each alert that the last solve looked at: a large storm changes little within seconds. */
const SOLVE_PAUSE_MS: Milliseconds = 25;
/**
 * Alerts around which one solve looks; the rest of a surge waits for the next, so that who is waiting for an answer gets it
 * in between: a solve takes some twentieth of a millisecond for each.
 */
const SEEDS_A_SOLVE = 200;
const BETWEEN_SOLVES_MS: Milliseconds = 50;
/** Of a surge, so many at a time are asked whether a fault that is known explains them. */
const SEEDS_LOOKED_AT = 400;
/** Of more, only those that are in no incident are looked at: these must not be forgotten. */
const SEEDS_A_ROUND = 1_500;
/** Alerts that open an incident at once; more in the same moment wait for the solve. */
const OPEN_AT_ONCE = 3;

/** Who waits, with its number as it is stored: see `numberOf`. */
export interface Waiting {
  alert: AlertId;
  number: number;
}

/** What is kept of an agenda beside who waits; see the fields of these names. */
export type AgendaMarks = readonly [
  due: UnixMillis | null,
  last: number,
  roundEnd: number,
  done: number,
  fewUpTo: number,
  opened: number,
  solved: number,
];

/**
 * What correlation has yet to think over, and when: alerts gather, and a round of solves works off what has gathered.
 *
 * Who waits has a number, in the order in which they came. Their alerts are stored with it; that they are done with is kept
 * as the number up to which all are, so that nothing is written for each of them.
 */
export class Agenda {
  private due: UnixMillis | null = null;
  private readonly waiting = new Map<AlertId, number>();
  /** The number that was given last. */
  private last = 0;
  /** Those up to this number are the present round. */
  private roundEnd = 0;
  /** Those up to this number have been looked at. */
  private done = 0;
  /** Beyond this number only those that were in no incident came into the round. */
  private fewUpTo = 0;
  private roundSize = 0;
  private opened = 0;
  /** How many alerts the last solves looked at: the larger the storm, the longer until the next. */
  private solved = 0;
  private readonly lookedAt = new LookedAt();

  /** When the next solve is due; null = nothing waits for one. */
  get nextAt(): UnixMillis | null {
    return this.due;
  }

  /** As it is stored: the number of who waits, negative in the present round; 0 = it does not wait. */
  numberOf(alert: AlertId): number {
    const number = this.waiting.get(alert);
    if (number === undefined) return 0;
    return number <= this.roundEnd ? -number : number;
  }

  /** It must be stored that it waits. */
  add(alert: AlertId, at: UnixMillis, settleMinMs: Milliseconds): void {
    this.enter(alert);
    this.due ??= this.gatheredAt(at, settleMinMs);
  }

  /** Where nothing is due yet, these do not wait for others. That they wait is kept here. */
  addNow(alerts: readonly AlertId[], at: UnixMillis): void {
    for (const alert of alerts) if (this.enter(alert)) this.lookedAt.add(alert, this.last);
    this.due ??= at;
  }

  private enter(alert: AlertId): boolean {
    if (this.waiting.has(alert)) return false;
    this.last += 1;
    this.waiting.set(alert, this.last);
    return true;
  }

  /** It need not be looked at, unless it is in the round already. */
  drop(alert: AlertId): void {
    if ((this.waiting.get(alert) ?? 0) > this.roundEnd) this.leave(alert);
  }

  /** There is no such alert any more, or it has found its place. */
  leave(alert: AlertId): void {
    const number = this.waiting.get(alert);
    if (number === undefined) return;
    this.waiting.delete(alert);
    if (number <= this.roundEnd) this.roundSize -= 1;
    this.lookedAt.drop(alert);
  }

  /** Whether one more alert may open an incident of its own before a solve has looked at it. Counts it. */
  mayOpen(): boolean {
    if (this.opened >= OPEN_AT_ONCE) return false;
    this.opened += 1;
    return true;
  }

  /**
   * A solve is due, and begins; false = not yet.
   *
   * @param isPlaced whether the alert is in an incident
   */
  begin(at: UnixMillis, isPlaced: (alert: AlertId) => boolean): boolean {
    if (this.due === null || this.due > at) return false;
    this.due = null;
    if (this.roundSize === 0) this.beginRound(isPlaced);
    return true;
  }

  /** More than one solve can look at. */
  get isSurge(): boolean {
    return this.roundSize > SEEDS_A_SOLVE;
  }

  /** The next ones of a surge; those that have found their place are to `leave`. */
  toLookAt(): AlertId[] {
    return this.first(SEEDS_LOOKED_AT);
  }

  /** The seeds of one solve, in the order in which they came; the rest of the round follows soon. */
  takeSeeds(at: UnixMillis): AlertId[] {
    const seeds = this.first(SEEDS_A_SOLVE);
    for (const alert of seeds) {
      this.done = this.waiting.get(alert) ?? this.done;
      this.waiting.delete(alert);
    }
    this.roundSize -= seeds.length;
    if (this.roundSize > 0) this.due = at + BETWEEN_SOLVES_MS;
    else this.done = this.roundEnd;
    this.lookedAt.done(this.done);
    return seeds;
  }

  /** A solve is done that looked at so many alerts. */
  lookedAround(count: number): void {
    this.solved += count;
  }

  /** What came while the round went on gathers for the next. */
  end(at: UnixMillis, settleMinMs: Milliseconds): void {
    if (this.waiting.size > this.roundSize) this.due ??= this.gatheredAt(at, settleMinMs);
  }

  get marks(): AgendaMarks {
    return [this.due, this.last, this.roundEnd, this.done, this.fewUpTo, this.opened, this.solved];
  }

  /** Who waits though it is not stored with the alert, as far as that differs from the last time. */
  takeChanged(): readonly StoredPiece[] {
    return this.lookedAt.takeChanged();
  }

  /**
   * Goes on where another one was.
   *
   * @param waiting in any order
   */
  resume(
    marks: AgendaMarks,
    waiting: readonly Waiting[],
    records: Iterable<StoredPiece>,
    isPlaced: (alert: AlertId) => boolean,
  ): void {
    const [due, last, roundEnd, done, fewUpTo, opened, solved] = marks;
    Object.assign(this, { due, last, roundEnd, done, fewUpTo, opened, solved });
    const found = waiting.filter(({ number }) => Math.abs(number) > done);
    for (const [alert, number] of this.lookedAt.restore(records)) if (number > done) found.push({ alert, number });
    const inOrder = inOrderOf(found, (one) => Math.abs(one.number));
    let isSure = false;
    for (const [at, one] of inOrder.entries()) {
      const { alert } = one;
      const number = Math.abs(one.number);
      isSure ||= one.number < 0;
      const next = inOrder[at + 1];
      // Kept here and with the alert: it is the same one.
      if (next !== undefined && Math.abs(next.number) === number) continue;
      const isIn = number > roundEnd || number <= fewUpTo || isSure || !isPlaced(alert);
      isSure = false;
      if (!isIn) continue;
      this.waiting.set(alert, number);
      if (number <= roundEnd) this.roundSize += 1;
    }
  }

  private first(count: number): AlertId[] {
    const found: AlertId[] = [];
    for (const [alert, number] of this.waiting) {
      if (found.length >= count || number > this.roundEnd) break;
      found.push(alert);
    }
    return found;
  }

  /** In a surge those that are in an incident already may stay there unasked. */
  private beginRound(isPlaced: (alert: AlertId) => boolean): void {
    this.opened = 0;
    this.solved = 0;
    this.fewUpTo = this.last;
    let count = 0;
    for (const [alert, number] of this.waiting) {
      count += 1;
      if (count === SEEDS_A_ROUND) this.fewUpTo = number;
      if (count <= SEEDS_A_ROUND || !isPlaced(alert)) continue;
      this.waiting.delete(alert);
      this.lookedAt.drop(alert);
    }
    this.roundEnd = this.last;
    this.roundSize = this.waiting.size;
  }

  private gatheredAt(at: UnixMillis, settleMinMs: Milliseconds): UnixMillis {
    return at + Math.round(GATHER_SHARE * settleMinMs) + Math.min(this.solved * SOLVE_PAUSE_MS, settleMinMs);
  }
}
