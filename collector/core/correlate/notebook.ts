import type { AlertId } from "../model/identity.ts";
import type { Note } from "../model/evidence.ts";
import type { FaultKey } from "../model/influence.ts";
import { Latest } from "../model/latest.ts";
import { SPEAKING } from "../model/symptom.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";

/** Causes of a note that are likely enough to look for others with the same. */
const POSTED_COST = 2.4;
const POSTED_MAX = 80;
/** The longest list kept for one possible cause; the oldest go. Also bounds what one solve looks at. */
const LIST_MAX = 600;
/** In one system, the newest so many are looked at. */
const SYSTEM_LOOKED_AT = 60;
/** A resolved alert stays evidence this long. */
const MEMORY_MS: Milliseconds = 30 * 60_000;

/** Severity from which "does not answer" is meant: critical, or major. */
const SEEN_DEAD_RANK = 4;

/** The notes by alert, by CI and by possible cause: how evidence that belongs together finds itself. */
export class Notebook {
  private readonly notes = new Map<AlertId, Note>();
  /** By CI; a list for each that ever had a note. */
  private readonly byCi: (Note[] | undefined)[] = [];
  /** By CI, when the last of its notes began that is no noise: asked for every CI that a fault should hit, and mostly long ago. */
  readonly began = new Latest();
  private readonly byCause: NoteLists = new Map();
  private readonly bySystem: NoteLists = new Map();
  private readonly resolved: { note: Note; until: UnixMillis }[] = [];
  private resolvedFrom = 0;

  get(alert: AlertId): Note | undefined {
    return this.notes.get(alert);
  }

  add(note: Note): void {
    const before = this.notes.get(note.alert.id);
    if (before !== undefined) this.remove(before);
    this.notes.set(note.alert.id, note);
    while (this.byCi.length <= note.ci) this.byCi.push(undefined);
    const list = this.byCi[note.ci];
    if (list === undefined) this.byCi[note.ci] = [note];
    else list.push(note);
    if (note.background === null) this.post(note);
  }

  /** It is no noise any more, or has become it: noise is not found by its causes. */
  setBackground(note: Note, rule: string | null): void {
    if (note.background === rule) return;
    const posted = note.background === null;
    note.background = rule;
    if (!posted && rule === null) this.post(note);
    else if (posted) this.unpost(note);
  }

  resolve(note: Note, at: UnixMillis): void {
    note.resolvedAt = at;
    this.resolved.push({ note, until: at + MEMORY_MS });
  }

  /** Forgets what was resolved long ago, unless `keep` says that it is still told of. */
  forget(at: UnixMillis, keep: (note: Note) => boolean): void {
    while (this.resolvedFrom < this.resolved.length) {
      const entry = this.resolved[this.resolvedFrom];
      if (entry === undefined || at < entry.until) break;
      this.resolvedFrom += 1;
      if (this.notes.get(entry.note.alert.id) !== entry.note) continue;
      if (keep(entry.note)) this.resolved.push({ note: entry.note, until: at + MEMORY_MS });
      else this.remove(entry.note);
    }
    if (this.resolvedFrom > 1024 && this.resolvedFrom * 2 > this.resolved.length) {
      this.resolved.splice(0, this.resolvedFrom);
      this.resolvedFrom = 0;
    }
  }

  on(ci: number): readonly Note[] {
    return this.byCi[ci] ?? NONE;
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

  /** Notes that this fault could have caused and that began not before `from`, newest first, through `take`. */
  causedBy(fault: FaultKey, from: UnixMillis, take: (note: Note) => void): void {
    const list = this.byCause.get(fault);
    if (list === undefined) return;
    if (!Array.isArray(list)) {
      if (list.onset >= from) take(list);
      return;
    }
    for (let index = list.length - 1; index >= 0; index -= 1) {
      const note = list[index];
      // Lists are in order of arrival; what began earlier than it came is rare and not worth a longer walk.
      if (note === undefined || note.onset < from) return;
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
    if (note.system !== null) push(this.bySystem, note.system, note);
    const { keys, costs } = note.causes;
    for (let at = 0; at < keys.length && at < POSTED_MAX && (costs[at] ?? 9) <= POSTED_COST; at += 1)
      push(this.byCause, keys[at] ?? -1, note);
  }

  private unpost(note: Note): void {
    let last: UnixMillis | null = null;
    for (const other of this.on(note.ci))
      if (other !== note && other.background === null) last = Math.max(last ?? other.onset, other.onset);
    this.began.set(note.ci, last);
    if (note.system !== null) drop(this.bySystem, note.system, note);
    const { keys, costs } = note.causes;
    for (let at = 0; at < keys.length && at < POSTED_MAX && (costs[at] ?? 9) <= POSTED_COST; at += 1) {
      drop(this.byCause, keys[at] ?? -1, note);
    }
  }

  private remove(note: Note): void {
    this.notes.delete(note.alert.id);
    if (note.background === null) this.unpost(note);
    const list = this.byCi[note.ci] ?? [];
    list.splice(list.indexOf(note), 1);
    if (list.length === 0) this.byCi[note.ci] = undefined;
  }
}

const NONE: readonly Note[] = [];

/** One note alone stands for itself: a list around each would be much of what an alert costs. */
type NoteLists = Map<number, Note | Note[]>;

function push(lists: NoteLists, key: number, note: Note): void {
  const known = lists.get(key);
  if (known === undefined) lists.set(key, note);
  else if (!Array.isArray(known)) lists.set(key, [known, note]);
  else {
    known.push(note);
    if (known.length > LIST_MAX * 2) known.splice(0, LIST_MAX);
  }
}

function drop(lists: NoteLists, key: number, note: Note): void {
  const known = lists.get(key);
  if (known === undefined) return;
  if (Array.isArray(known)) {
    const at = known.indexOf(note);
    if (at >= 0) known.splice(at, 1);
    if (known.length === 0) lists.delete(key);
  } else if (known === note) lists.delete(key);
}
