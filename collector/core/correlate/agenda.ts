import type { Note } from "../model/evidence.ts";
import type { AlertId } from "../model/identity.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";

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

/** What correlation has yet to think over, and when: alerts gather, and a round of solves works off what has gathered. */
export class Agenda {
  private due: UnixMillis | null = null;
  private seeds = new Map<AlertId, Note>();
  /** What the present round has yet to look at. */
  private round: Note[] = [];
  private opened = 0;
  /** How many alerts the last solves looked at: the larger the storm, the longer until the next. */
  private solved = 0;

  /** When the next solve is due; null = nothing waits for one. */
  get nextAt(): UnixMillis | null {
    return this.due;
  }

  add(note: Note, at: UnixMillis, settleMinMs: Milliseconds): void {
    this.seeds.set(note.alert.id, note);
    this.due ??= this.gatheredAt(at, settleMinMs);
  }

  /** Where nothing is due yet, these do not wait for others. */
  addNow(notes: readonly Note[], at: UnixMillis): void {
    for (const note of notes) this.seeds.set(note.alert.id, note);
    this.due ??= at;
  }

  drop(alert: AlertId): void {
    this.seeds.delete(alert);
  }

  /** Whether one more alert may open an incident of its own before a solve has looked at it. Counts it. */
  mayOpen(): boolean {
    if (this.opened >= OPEN_AT_ONCE) return false;
    this.opened += 1;
    return true;
  }

  /** A solve is due, and begins; false = not yet. */
  begin(at: UnixMillis): boolean {
    if (this.due === null || this.due > at) return false;
    this.due = null;
    if (this.round.length === 0) this.beginRound();
    return true;
  }

  /** More than one solve can look at. */
  get isSurge(): boolean {
    return this.round.length > SEEDS_A_SOLVE;
  }

  /** The next ones of a surge; those that no known fault explains are to be given back. */
  takeToLookAt(): Note[] {
    return this.round.splice(0, SEEDS_LOOKED_AT);
  }

  giveBack(notes: readonly Note[]): void {
    this.round.unshift(...notes);
  }

  /** The seeds of one solve, in the order in which they came; the rest of the round follows soon. */
  takeSeeds(at: UnixMillis): Note[] {
    const seeds = this.round.splice(0, SEEDS_A_SOLVE);
    if (this.round.length > 0) this.due = at + BETWEEN_SOLVES_MS;
    return seeds;
  }

  /** A solve is done that looked at so many alerts. */
  lookedAt(count: number): void {
    this.solved += count;
  }

  /** What came while the round went on gathers for the next. */
  end(at: UnixMillis, settleMinMs: Milliseconds): void {
    if (this.seeds.size > 0) this.due ??= this.gatheredAt(at, settleMinMs);
  }

  /** In a surge those that are in an incident already may stay there unasked. */
  private beginRound(): void {
    this.opened = 0;
    this.solved = 0;
    let count = 0;
    for (const note of this.seeds.values()) {
      count += 1;
      if (count <= SEEDS_A_ROUND || note.alert.incident === null) this.round.push(note);
    }
    this.seeds.clear();
  }

  private gatheredAt(at: UnixMillis, settleMinMs: Milliseconds): UnixMillis {
    return at + Math.round(GATHER_SHARE * settleMinMs) + Math.min(this.solved * SOLVE_PAUSE_MS, settleMinMs);
  }
}
