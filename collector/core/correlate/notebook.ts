import { AlarmsAround } from "./alarms-around.ts";
import type { AlertId } from "../model/identity.ts";
import type { Note } from "../model/evidence.ts";
import type { Causes, FaultKey } from "../model/influence.ts";
import { Counts } from "../model/counts.ts";
import { Latest } from "../model/latest.ts";
import { SPEAKING, type Symptom } from "../model/symptom.ts";
import type { UnixMillis } from "../model/time.ts";
import { MEMORY_MS } from "./noted.ts";
import { RecentAlarms } from "./recent-alarms.ts";

/** Causes of a note that are likely enough to look for others with the same. */
const POSTED_COST = 2.4;
const POSTED_MAX = 80;
/** The longest list kept for one possible cause; the oldest go. Also bounds what one solve looks at. */
const LIST_MAX = 600;
/** In one system, the newest so many are looked at. */
const SYSTEM_LOOKED_AT = 60;
/** Severity from which "does not answer" is meant: critical, or major. */
const SEEN_DEAD_RANK = 4;
/** What has one of these does no work. */
const FALLEN: ReadonlySet<Symptom> = new Set<Symptom>(["gone", "down"]);

/** The notes by alert, by CI and by possible cause: how evidence that belongs together finds itself. */
export class Notebook {
  private readonly notes = new Map<AlertId, Note>();
  private readonly byCi = new NoteLists();
  /** By CI, when the last of its notes began that is no noise: asked for every CI that a fault should hit, and mostly long ago. */
  readonly began = new Latest();
  private readonly recent = new RecentAlarms();
  /** By CI, how many of its notes still fire and are no noise: on most CIs that somebody asks about there are none. */
  private readonly firing = new Counts();
  /** One user at a time, who begins. */
  readonly alarms = new AlarmsAround({
    began: this.began,
    since: (from) => this.recent.since(from),
    alarmed: (ci, from, to) => this.alarmed(ci, from, to),
  });
  private readonly byCause = new NoteLists();
  /** By cause, nothing in its list began later: one load instead of four for each of the many lists in which all is old. */
  private readonly caused = new Latest();
  private readonly bySystem = new NoteLists();
  /** By `listName`: a list that grew too long has lost the notes up to this order. */
  private readonly cuts = new Map<string, number>();
  private readonly recut = new Set<string>();
  /** In the order of `keepUntil`. */
  private readonly resolved: Note[] = [];
  private resolvedFrom = 0;
  private lastOrder = 0;
  private forgot: UnixMillis = 0;

  get(alert: AlertId): Note | undefined {
    return this.notes.get(alert);
  }

  /** In no useful order. */
  all(): Iterable<Note> {
    return this.notes.values();
  }

  /** The order that was given last. */
  get orders(): number {
    return this.lastOrder;
  }

  /** What was to be kept until then has been looked through. */
  get forgotUntil(): UnixMillis {
    return this.forgot;
  }

  /** Takes the place of what was known of its alert. Gives it its order. */
  add(note: Note): void {
    const before = this.notes.get(note.alert.id);
    if (before !== undefined) this.remove(before);
    this.lastOrder += 1;
    note.order = this.lastOrder;
    this.enter(note);
  }

  /**
   * Goes on where another one was.
   *
   * @param notes in their order; those that the other had forgotten are left out
   */
  resume(
    notes: readonly Note[],
    { orders, forgotUntil, cuts }: { orders: number; forgotUntil: UnixMillis; cuts: ReadonlyMap<string, number> },
  ): void {
    this.forgot = forgotUntil;
    for (const [name, order] of cuts) this.cuts.set(name, order);
    for (const note of notes) {
      if (isForgotten(note, forgotUntil)) continue;
      this.enter(note);
      if (note.keepUntil !== null) this.resolved.push(note);
    }
    this.resolved.sort((a, b) => (a.keepUntil ?? 0) - (b.keepUntil ?? 0));
    this.lastOrder = Math.max(this.lastOrder, orders);
  }

  /** In place of another one that the graph has changed under: the same notes, read anew. Its lists are gone. */
  static following(other: Notebook, notes: readonly Note[]): Notebook {
    const notebook = new Notebook();
    for (const name of other.cuts.keys()) notebook.recut.add(name);
    notebook.resume(notes, { orders: other.lastOrder, forgotUntil: other.forgot, cuts: new Map() });
    return notebook;
  }

  /** What lists have lost, as far as that differs from the last time; null = the list is gone. */
  takeCuts(): readonly { name: string; order: number | null }[] {
    if (this.recut.size === 0) return NO_CUTS;
    const changed = [...this.recut].map((name) => ({ name, order: this.cuts.get(name) ?? null }));
    this.recut.clear();
    return changed;
  }

  private enter(note: Note): void {
    this.notes.set(note.alert.id, note);
    this.shareCauses(note);
    this.byCi.add(note.ci, note);
    this.lastOrder = Math.max(this.lastOrder, note.order);
    if (note.background === null) this.post(note);
    if (fires(note)) this.firing.add(note.ci, 1);
  }

  /** What a CI says again mostly has the same causes: a list of its own for each would be a tenth of what an alert costs. */
  private shareCauses(note: Note): void {
    const others = this.byCi.get(note.ci);
    const last = Array.isArray(others) ? others[others.length - 1] : others;
    if (last !== undefined && areEqual(last.causes, note.causes)) note.causes = last.causes;
  }

  /** It is no noise any more, or has become it: noise is not found by its causes. */
  setBackground(note: Note, rule: string | null): void {
    if (note.background === rule) return;
    const posted = note.background === null;
    if (fires(note)) this.firing.add(note.ci, -1);
    note.background = rule;
    if (fires(note)) this.firing.add(note.ci, 1);
    if (!posted && rule === null) {
      this.lastOrder += 1;
      note.order = this.lastOrder;
      this.post(note);
    } else if (posted) this.unpost(note);
  }

  /** @param overAt when it was over, where that is long before we took it for over */
  resolve(note: Note, at: UnixMillis, overAt: UnixMillis = at): void {
    if (fires(note)) this.firing.add(note.ci, -1);
    note.resolvedAt = overAt;
    note.keepUntil = at + MEMORY_MS;
    this.resolved.push(note);
  }

  /** Its alert is gone. */
  drop(alert: AlertId): void {
    const note = this.notes.get(alert);
    if (note !== undefined) this.remove(note);
  }

  /** Forgets what was resolved long ago, unless `keep` says that it is still told of. */
  forget(at: UnixMillis, keep: (note: Note) => boolean): void {
    while (this.resolvedFrom < this.resolved.length) {
      const note = this.resolved[this.resolvedFrom];
      if (note === undefined || at < (note.keepUntil ?? 0)) break;
      this.resolvedFrom += 1;
      // What another note has taken the place of is gone already.
      if (this.notes.get(note.alert.id) !== note) continue;
      this.forgot = at;
      if (keep(note)) {
        note.keepUntil = at + MEMORY_MS;
        this.resolved.push(note);
      } else this.remove(note);
    }
    if (this.resolvedFrom > 1024 && this.resolvedFrom * 2 > this.resolved.length) {
      this.resolved.splice(0, this.resolvedFrom);
      this.resolvedFrom = 0;
    }
  }

  on(ci: number): readonly Note[] {
    const notes = this.byCi.get(ci);
    if (notes === undefined) return NONE;
    return Array.isArray(notes) ? notes : [notes];
  }

  /** Whether any alert of this CI that is no noise still fires. */
  firesOn(ci: number): boolean {
    return this.firing.of(ci) > 0;
  }

  /** Whether a CI sent an alert that is no noise between `from` and `to`. */
  alarmed(ci: number, from: UnixMillis, to: UnixMillis): boolean {
    if (!this.began.isSince(ci, from)) return false;
    for (const note of this.on(ci)) {
      if (note.background === null && note.onset >= from && note.onset <= to) return true;
    }
    return false;
  }

  /**
   * Whether this CI itself was heard of between `from` and `to`. Who looked and saw it dead is believed before a message
   * that may have been on its way, and a condition that comes and goes all day is no sign of life.
   */
  speaks(ci: number, from: UnixMillis, to: UnixMillis): boolean {
    if (!this.began.isSince(ci, from)) return false;
    let heard = false;
    for (const note of this.on(ci)) {
      if (note.onset < from || note.onset > to) continue;
      if (note.symptom === "gone" && note.rank >= SEEN_DEAD_RANK && note.background === null) return false;
      heard ||= note.background === null && (SPEAKING.has(note.symptom) || note.alert.source === "agent");
    }
    return heard;
  }

  /** Whether somebody still says, and means it, that this CI does not answer or run. */
  hasFallen(ci: number): boolean {
    if (!this.firesOn(ci)) return false;
    return this.on(ci).some(
      ({ symptom, rank, resolvedAt, background }) =>
        FALLEN.has(symptom) && rank >= SEEN_DEAD_RANK && resolvedAt === null && background === null,
    );
  }

  /**
   * Notes that this fault could have caused and that began not before `from`, newest first, through `take`; without those whose
   * `gathered` is `known`: they began not before `from` and have come up already.
   */
  causedBy(fault: FaultKey, from: UnixMillis, known: number, take: (note: Note) => void): void {
    if (!this.caused.isSince(fault, from)) return;
    const list = this.byCause.get(fault);
    if (list === undefined) return;
    if (!Array.isArray(list)) {
      if (list.onset >= from) take(list);
      return;
    }
    for (let index = list.length - 1; index >= 0; index -= 1) {
      const note = list[index];
      // Lists are in order of arrival; what began earlier than it came is rare and not worth a longer walk.
      if (note === undefined) return;
      if (note.gathered === known) continue;
      if (note.onset < from) return;
      take(note);
    }
  }

  /** Notes on CIs of this system (see `SystemNames`) that began not before `from`, newest first. */
  ofSystem(system: number, from: UnixMillis): Note[] {
    const found: Note[] = [];
    const known = this.bySystem.get(system) ?? NONE;
    const list = Array.isArray(known) ? known : [known];
    for (let index = list.length - 1; index >= 0 && found.length < SYSTEM_LOOKED_AT; index -= 1) {
      const note = list[index];
      if (note === undefined || note.onset < from) break;
      found.push(note);
    }
    return found;
  }

  private post(note: Note): void {
    this.began.raise(note.ci, note.onset);
    this.recent.add(note.ci, note.onset);
    if (note.system !== null) this.push(SYSTEM, note.system, note);
    const { keys, costs } = note.causes;
    for (let at = 0; at < keys.length && at < POSTED_MAX && (costs[at] ?? 9) <= POSTED_COST; at += 1) {
      this.push(CAUSE, keys[at] ?? -1, note);
      this.caused.raise(keys[at] ?? -1, note.onset);
    }
  }

  private unpost(note: Note): void {
    let last: UnixMillis | null = null;
    for (const other of this.on(note.ci))
      if (other !== note && other.background === null) last = Math.max(last ?? other.onset, other.onset);
    this.began.set(note.ci, last);
    if (note.system !== null) this.pull(SYSTEM, note.system, note);
    const { keys, costs } = note.causes;
    for (let at = 0; at < keys.length && at < POSTED_MAX && (costs[at] ?? 9) <= POSTED_COST; at += 1) {
      this.pull(CAUSE, keys[at] ?? -1, note);
    }
  }

  private remove(note: Note): void {
    this.notes.delete(note.alert.id);
    if (fires(note)) this.firing.add(note.ci, -1);
    if (note.background === null) this.unpost(note);
    this.byCi.drop(note.ci, note);
  }

  private push(kind: ListKind, key: number, note: Note): void {
    if (this.cuts.size > 0 && note.order <= (this.cuts.get(`${kind}${key}`) ?? 0)) return;
    const lists = kind === CAUSE ? this.byCause : this.bySystem;
    const list = lists.add(key, note);
    if (list !== null && list.length > LIST_MAX * 2) this.cut(`${kind}${key}`, list);
  }

  private cut(name: string, list: Note[]): void {
    const lost = list.splice(0, LIST_MAX);
    this.cuts.set(name, lost.at(-1)?.order ?? 0);
    this.recut.add(name);
  }

  private pull(kind: ListKind, key: number, note: Note): void {
    const lists = kind === CAUSE ? this.byCause : this.bySystem;
    if (!lists.drop(key, note)) return;
    if (this.cuts.delete(`${kind}${key}`)) this.recut.add(`${kind}${key}`);
  }
}

function fires({ resolvedAt, background }: Note): boolean {
  return resolvedAt === null && background === null;
}

/** It is over for so long that nobody needs it any more. */
export function isForgotten({ keepUntil }: Readonly<Note>, forgotUntil: UnixMillis): boolean {
  return keepUntil !== null && keepUntil <= forgotUntil;
}

function areEqual({ keys, costs }: Causes, other: Causes): boolean {
  if (costs.length !== other.costs.length) return false;
  for (let at = 0; at < costs.length; at += 1)
    if (keys[at] !== other.keys[at] || costs[at] !== other.costs[at]) return false;
  return true;
}

const NONE: readonly Note[] = [];
const NO_CUTS: readonly { name: string; order: number | null }[] = [];

/** How the lists of a cause and of a system begin their names; the number of the cause or the system follows. */
const CAUSE = "c";
const SYSTEM = "s";
type ListKind = typeof CAUSE | typeof SYSTEM;

/** Lists by small integers. One note alone stands for itself: a list around each would be much of what an alert costs. */
class NoteLists {
  private readonly lists: (Note | Note[] | undefined)[] = [];

  get(key: number): Note | Note[] | undefined {
    return key < this.lists.length ? this.lists[key] : undefined;
  }

  /** Returns the list that it went into; null = it is alone. */
  add(key: number, note: Note): Note[] | null {
    while (this.lists.length <= key) this.lists.push(undefined);
    const known = this.lists[key];
    if (known === undefined) this.lists[key] = note;
    else if (Array.isArray(known)) known.push(note);
    else this.lists[key] = [known, note];
    return known === undefined ? null : (this.lists[key] as Note[]);
  }

  /** True when it was the last one. */
  drop(key: number, note: Note): boolean {
    const known = this.get(key);
    if (Array.isArray(known)) {
      const at = known.indexOf(note);
      if (at >= 0) known.splice(at, 1);
      if (known.length > 0) return false;
    } else if (known !== note) return false;
    this.lists[key] = undefined;
    return true;
  }
}
