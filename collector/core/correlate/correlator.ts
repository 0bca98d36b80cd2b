import type { Alert, AlertId } from "../model/alert.ts";
import type {
  ChangeRecord,
  CorrelationView,
  Correlator,
  Placement,
  Ranking,
  RootRanker,
} from "../model/correlation.ts";
import { unitsOf, type Note, type Unit } from "../model/evidence.ts";
import { aloneCost } from "../model/hypothesis.ts";
import type { Incident, IncidentId } from "../model/incident.ts";
import { faultCi, faultKey, Influence, type Causes, type FaultKey } from "../model/influence.ts";
import { severityRank } from "../model/severity.ts";
import { SymptomReader, type Symptom } from "../model/symptom.ts";
import { TimerQueue } from "../model/timer-queue.ts";
import type { Topology } from "../model/topology.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import { chronic, FLAP_SPAN_MS, flapping, late, Maintenance, type Background } from "./background.ts";
import { Notebook } from "./notebook.ts";
import { lateness, solve, type Anchor, type Group } from "./solve.ts";

/** After the first alert that fits nowhere, this long until its neighbourhood is solved. */
const GATHER_MS: Milliseconds = 4_000;
/** Alerts that open an incident at once; more in the same moment wait for the solve. */
const SOLVE_PAUSE_MS: Milliseconds = 25;
const OPEN_AT_ONCE = 3;
/** How far back evidence is looked for. */
const WINDOW_MS: Milliseconds = 25 * 60_000;
const SOLVE_MAX = 1500;
/** A young incident is looked at again this long after the last solve that touched it. */
const SECOND_LOOK_MS: readonly Milliseconds[] = [25_000, 90_000];
const ALARM_BEFORE_MS: Milliseconds = 3 * 60_000;
const SPEAKS_BEFORE_MS: Milliseconds = 5_000;
const ALARM_AFTER_MS: Milliseconds = 12 * 60_000;

/** At once only where it is clear; the rest is seen when the neighbourhood is solved. */
const QUICK_MARGIN = 1.2;
/** A fault that is back within this time is the same one. */
const BACK_MS: Milliseconds = 25 * 60_000;
const BACK_MIN = 4;
const STORM = 8;
const STORM_MS: Milliseconds = 4 * 60_000;
const RAGING_MIN = 6;
const DECLINE_MIN = 5;
const DECLINE_SHARE = 0.4;
const DECLINE_COST = 1.5;
/** In a large incident, what is older than this stays where it is. */
const SET_MS: Milliseconds = 12 * 60_000;
const LARGE = 8;
/** With less than this share of the evidence left, the last verdict stands. */
const EVIDENCE_LEFT = 0.6;
/** What flapped before a fault began does not belong to it. */
const FLAP_BEFORE_MS: Milliseconds = 2 * 60_000;

/** What the correlator knows of an incident beside what the incident says. */
interface Thread {
  incident: IncidentId;
  /** The fault that correlation takes it for. */
  root: FaultKey | null;
  firstOnset: UnixMillis;
  lastOnset: UnixMillis;
  looks: number;
  doubt: number;
  raging: boolean;
  /** Much of it has cleared: what it was is known, and nothing is moved any more. */
  declining: boolean;
  /** The last verdict, and when it was given. */
  ranked: { at: UnixMillis; ranking: Ranking; evidence: number } | null;
}

export function createCorrelator(ranker: RootRanker): Correlator {
  return new OnlineCorrelator(ranker);
}

class OnlineCorrelator implements Correlator {
  private readonly ranker: RootRanker;
  private readonly reader = new SymptomReader();
  private notebook = new Notebook();
  private threads = new Map<IncidentId, Thread>();
  private byRoot = new Map<number, Set<IncidentId>>();
  private topology: Topology | null = null;
  private influence: Influence | null = null;
  private maintenance: Maintenance | null = null;
  private seeds = new Map<AlertId, Note>();
  private openedAtOnce = 0;
  private solveAt: UnixMillis | null = null;
  /** How many alerts the last solve looked at: the larger the storm, the longer until the next. */
  private lastSolved = 0;
  /** `look <incident>`, `alert <id>` (withheld until), `rank <incident>`. */
  private timers = new TimerQueue();
  private stale = new Set<IncidentId>();
  private storm: { incident: IncidentId; at: UnixMillis } | null = null;

  constructor(ranker: RootRanker) {
    this.ranker = ranker;
  }

  restore(
    alerts: Iterable<Readonly<Alert>>,
    _learned: Iterable<{ id: string; value: unknown }>,
    at: UnixMillis,
    view: CorrelationView,
  ): void {
    this.notebook = new Notebook();
    this.threads = new Map();
    this.byRoot = new Map();
    this.seeds = new Map();
    this.timers = new TimerQueue();
    this.stale = new Set();
    this.storm = null;
    this.solveAt = null;
    this.openedAtOnce = 0;
    this.lastSolved = 0;
    this.topology = null;
    this.graph(view);
    const order = [...alerts].sort((a, b) => a.firstSeenAt - b.firstSeenAt || (a.id < b.id ? -1 : 1));
    for (const alert of order) {
      const note = this.noteOf(alert, view);
      note.background = alert.incident === null ? alert.withheld : null;
      this.notebook.add(note);
      if (alert.incident !== null) this.joined(note, alert.incident, view);
      else if (note.background === "gathering") this.seed(note, at);
      else if (note.background !== null) this.timers.schedule(`alert ${alert.id}`, at);
    }
  }

  onFiring(alert: Readonly<Alert>, at: UnixMillis, view: CorrelationView): Placement[] {
    this.graph(view);
    const known = this.notebook.get(alert.id);
    if (known !== undefined && known.episode === alert.episode && known.resolvedAt === null)
      return this.changed(known, at, view);
    const note = this.noteOf(alert, view);
    const noise = this.background(note, at, view);
    if (noise !== null) {
      note.background = noise.rule;
      this.notebook.add(note);
      return [this.withhold(note, noise)];
    }
    this.notebook.add(note);
    this.notebook.forget(at, (old) => {
      const incident = view.incident(this.lastIncident.get(old.alert.id) ?? "");
      return incident !== undefined && isOpen(incident);
    });
    return this.place(note, at, view, known);
  }

  onResolved(alert: Readonly<Alert>, at: UnixMillis): Placement[] {
    const note = this.notebook.get(alert.id);
    if (note === undefined) return [];
    this.notebook.resolve(note, at);
    this.seeds.delete(alert.id);
    this.timers.cancel(`alert ${alert.id}`);
    if (alert.incident !== null) this.stale.add(alert.incident);
    return [];
  }

  onChange(change: ChangeRecord, _at: UnixMillis, view: CorrelationView): void {
    const ci = view.topology.find(change.ci);
    if (ci === undefined) return;
    for (const dead of [true, false]) {
      for (const incident of this.byRoot.get(faultKey(ci, dead)) ?? []) this.stale.add(incident);
    }
  }

  nextReviewAt(): UnixMillis | null {
    const timer = this.timers.next();
    if (this.solveAt === null) return timer;
    return timer === null ? this.solveAt : Math.min(timer, this.solveAt);
  }

  due(at: UnixMillis, view: CorrelationView): Placement[] {
    const next = this.nextReviewAt();
    if (next === null || next > at) return [];
    this.graph(view);
    for (let key = this.timers.take(at); key !== undefined; key = this.timers.take(at)) {
      const space = key.indexOf(" ");
      const id = key.slice(space + 1);
      if (key.startsWith("rank ")) this.stale.add(id);
      else if (key.startsWith("alert ")) this.release(id, at, view);
      else this.lookNow(id, at, view);
    }
    if (this.solveAt === null || this.solveAt > at) return [];
    this.solveAt = null;
    this.openedAtOnce = 0;
    const seeds = [...this.seeds.values()];
    this.seeds.clear();
    return seeds.length === 0 ? [] : this.resolveNeighbourhood(seeds, at, view);
  }

  rank(incident: Readonly<Incident>, at: UnixMillis, view: CorrelationView): Ranking {
    const { influence } = this.graph(view);
    const thread = this.threadOf(incident.id, at);
    const last = thread.ranked;
    const isDue = last !== null && last.ranking.pageAfterMs > 0 && at >= last.at + last.ranking.pageAfterMs;
    if (last !== null && !isDue && at < last.at + rankPause(incident.members.length)) {
      this.timers.schedule(`rank ${incident.id}`, last.at + rankPause(incident.members.length));
      return { ...last.ranking, holdMs: Math.max(0, last.at + last.ranking.holdMs - at) };
    }
    const notes = this.notesOf(incident.id, view);
    if (notes.length >= STORM) this.storm = { incident: incident.id, at: thread.lastOnset };
    const cleared = notes.filter((note) => note.resolvedAt !== null).length;
    thread.declining = notes.length >= DECLINE_MIN && cleared >= notes.length * DECLINE_SHARE;
    const isSpent = last !== null && (thread.declining || notes.length < last.evidence * EVIDENCE_LEFT);
    if (last !== null && isSpent) return { ...last.ranking, holdMs: 0, pageAfterMs: 0 };
    const ranking = this.ranker.rank(
      {
        incident,
        notes,
        influence,
        alarmed: (ci, around) => this.notebook.alarmed(ci, around - ALARM_BEFORE_MS, around + ALARM_AFTER_MS),
        speaks: (ci, around) => this.notebook.speaks(ci, around - SPEAKS_BEFORE_MS, around + ALARM_AFTER_MS),
        storm: this.storm !== null && this.storm.incident !== incident.id && at - this.storm.at < STORM_MS,
      },
      at,
      view,
    );
    this.setRoot(incident.id, ranking.fault, at);
    thread.doubt = ranking.doubt;
    thread.raging = notes.length >= RAGING_MIN && cleared * 2 < notes.length;
    if (ranking.pageAfterMs > 0) this.timers.schedule(`rank ${incident.id}`, at + ranking.pageAfterMs);
    thread.ranked = { at, ranking, evidence: Math.max(notes.length, last?.evidence ?? 0) };
    return ranking;
  }

  takeStale(): IncidentId[] {
    const list = [...this.stale];
    this.stale.clear();
    return list;
  }

  takeLearned(): { id: string; value: unknown }[] {
    return [];
  }

  private graph(view: CorrelationView): { topology: Topology; influence: Influence; maintenance: Maintenance } {
    if (this.topology !== view.topology || this.influence === null || this.maintenance === null) {
      this.topology = view.topology;
      this.influence = new Influence(view.topology);
      this.maintenance = new Maintenance(view.topology, this.influence);
    }
    return { topology: this.topology, influence: this.influence, maintenance: this.maintenance };
  }

  private noteOf(alert: Readonly<Alert>, view: CorrelationView): Note {
    const { topology, influence } = this.graph(view);
    const ci = topology.register(alert.ci);
    const symptom = this.symptomOf(alert);
    const named = namedCi(alert, ci, topology);
    const causes: Causes = named === null ? influence.causes(ci, symptom) : influence.causesNaming(ci, symptom, named);
    return {
      alert,
      episode: alert.episode,
      ci,
      symptom,
      rank: severityRank(alert.severity),
      onset: alert.firstSeenAt,
      causes,
      resolvedAt: null,
      background: null,
    };
  }

  /** A mild "gone" is a bad line, a mild "down" a slow answer: the tool still hears something. */
  private symptomOf(alert: Readonly<Alert>): Symptom {
    const symptom = this.reader.read(alert.check, alert.summary);
    if (alert.severity !== "warning") return symptom;
    if (symptom === "gone") return "lossy";
    return symptom === "down" ? "slow" : symptom;
  }

  private background(note: Note, at: UnixMillis, view: CorrelationView): Background | null {
    const { alert } = note;
    if (alert.severity === "info") return { rule: "info", reason: "it informs and asks for nothing", until: null };
    return (
      chronic(alert, at) ??
      this.graph(view).maintenance.explains(note.ci, note.causes, note.onset, view.maintenance()) ??
      this.lateOne(note, at, view) ??
      this.flapper(note, at, view)
    );
  }

  private lateOne(note: Note, at: UnixMillis, view: CorrelationView): Background | null {
    const found = late(note.alert, at);
    return found !== null && this.bestThread(note, view) === null ? found : null;
  }

  /** What flaps alone is noise; what flaps in the middle of a fault belongs to it. */
  private flapper(note: Note, at: UnixMillis, view: CorrelationView): Background | null {
    const found = flapping(note.alert, at);
    if (found === null || this.corroborated(note)) return null;
    const thread = this.threads.get(note.alert.incident ?? "") ?? this.bestThread(note, view);
    if (thread === null || !thread.raging || this.isLone(thread, note.ci, view)) return found;
    const began = note.alert.changes.find((change) => at - change <= FLAP_SPAN_MS) ?? at;
    return began < thread.firstOnset - FLAP_BEFORE_MS ? found : null;
  }

  /** Another check saw the same CI at that moment: then it is no sick sensor. */
  private corroborated(note: Note): boolean {
    return this.notebook
      .on(note.ci)
      .some(
        (other) =>
          other.alert.check !== note.alert.check &&
          Math.abs(other.onset - note.onset) < 3 * 60_000 &&
          other.background !== "chronic",
      );
  }

  private isLone(thread: Thread, ci: number, view: CorrelationView): boolean {
    const incident = view.incident(thread.incident);
    const name = view.topology.id(ci);
    return incident === undefined || incident.members.every((member) => member.ci === name);
  }

  private changed(note: Note, at: UnixMillis, view: CorrelationView): Placement[] {
    const symptom = this.symptomOf(note.alert);
    note.rank = severityRank(note.alert.severity);
    if (note.background !== null && note.background !== "gathering") {
      if (this.background(note, at, view) !== null) return [];
      this.timers.cancel(`alert ${note.alert.id}`);
      this.notebook.setBackground(note, null);
      return this.place(note, at, view, undefined);
    }
    const noise = note.alert.incident === null ? null : this.flapper(note, at, view);
    if (noise !== null) {
      this.notebook.setBackground(note, noise.rule);
      return [this.withhold(note, noise)];
    }
    if (symptom !== note.symptom) {
      const renewed = this.noteOf(note.alert, view);
      renewed.onset = note.onset;
      this.notebook.add(renewed);
      this.seed(renewed, at);
    }
    if (note.alert.incident !== null) this.stale.add(note.alert.incident);
    return [];
  }

  private withhold(note: Note, noise: Background): Placement {
    if (noise.until !== null) this.timers.schedule(`alert ${note.alert.id}`, noise.until);
    return { type: "withhold", alert: note.alert.id, rule: noise.rule, reasons: [noise.reason], until: noise.until };
  }

  /** A withheld alert whose time is up becomes an ordinary one. */
  private release(id: AlertId, at: UnixMillis, view: CorrelationView): void {
    const note = this.notebook.get(id);
    if (note === undefined || note.resolvedAt !== null || note.background === null) return;
    const again = this.background(note, at, view);
    if (again !== null && again.until !== null && again.until > at) this.timers.schedule(`alert ${id}`, again.until);
    else if (again === null || again.until !== null) {
      this.notebook.setBackground(note, null);
      this.seed(note, at);
    }
  }

  private lookNow(incident: IncidentId, at: UnixMillis, view: CorrelationView): void {
    for (const note of this.notesOf(incident, view)) if (note.resolvedAt === null) this.seeds.set(note.alert.id, note);
    if (this.solveAt === null) this.solveAt = at;
  }

  private place(note: Note, at: UnixMillis, view: CorrelationView, before: Note | undefined): Placement[] {
    const { alert } = note;
    const again = before === undefined ? null : this.sameAgain(before, note, view);
    const thread = again ?? this.bestThread(note, view);
    this.seed(note, at);
    if (thread !== null) {
      this.joined(note, thread.incident, view);
      const reason =
        again === null
          ? `${this.rootName(thread, view)} explains it`
          : "the same condition was in this incident moments ago";
      return [{ type: "join", alerts: [alert.id], incident: thread.incident, reasons: [reason] }];
    }
    if (this.openedAtOnce < OPEN_AT_ONCE) {
      this.openedAtOnce += 1;
      return [{ type: "open", alerts: [alert.id], reasons: ["nothing that is open explains it"] }];
    }
    return [
      {
        type: "withhold",
        alert: alert.id,
        rule: "gathering",
        reasons: ["many alerts in the same moment: they are looked at together"],
        until: this.solveAt,
      },
    ];
  }

  private rootName(thread: Thread, view: CorrelationView): string {
    return thread.root === null ? "what is known of that incident" : view.topology.id(faultCi(thread.root));
  }

  private seed(note: Note, at: UnixMillis): void {
    this.seeds.set(note.alert.id, note);
    this.solveAt ??= at + GATHER_MS + this.lastSolved * SOLVE_PAUSE_MS;
  }

  /** A condition that comes back within minutes belongs where it was. */
  private sameAgain(before: Note, note: Note, view: CorrelationView): Thread | null {
    if (before.resolvedAt === null || before.background !== null) return null;
    const thread = this.threads.get(this.lastIncident.get(note.alert.id) ?? "");
    const incident = thread === undefined ? undefined : view.incident(thread.incident);
    if (thread === undefined || incident === undefined || incident.mergedInto !== null) return null;
    const apart = note.onset - before.resolvedAt;
    const alive = incident.status === "open" || incident.status === "acknowledged";
    if (alive) return apart < 10 * 60_000 ? thread : null;
    const isHome = this.isLone(thread, note.ci, view) || (thread.root !== null && faultCi(thread.root) === note.ci);
    return incident.status === "resolved" && apart < BACK_MS && isHome ? thread : null;
  }
  private readonly lastIncident = new Map<AlertId, IncidentId>();

  /** The open incident whose root explains this alert more cheaply than a fault of its own would. */
  private bestThread(note: Note, view: CorrelationView): Thread | null {
    const unit = unitsOf([note])[0];
    let best: Thread | null = null;
    let bestCost = (unit === undefined ? 0 : aloneCost(view.topology, unit)) - QUICK_MARGIN;
    const { keys, costs } = note.causes;
    for (let index = 0; index < keys.length; index += 1) {
      const cost = costs[index] ?? 9;
      if (cost >= bestCost) break;
      for (const id of this.byRoot.get(keys[index] ?? -1) ?? []) {
        const thread = this.threads.get(id);
        const incident = view.incident(id);
        if (thread === undefined || incident === undefined || !isOpen(incident)) continue;
        const total = cost + lateness(note.onset, thread) + thread.doubt + (thread.declining ? DECLINE_COST : 0);
        if (total < bestCost) {
          best = thread;
          bestCost = total;
        }
      }
    }
    return best;
  }

  private joined(note: Note, incident: IncidentId, view: CorrelationView): void {
    this.lastIncident.set(note.alert.id, incident);
    this.stale.add(incident);
    let thread = this.threads.get(incident);
    if (thread === undefined) {
      const root = view.incident(incident)?.rootCause.ci ?? null;
      thread = {
        incident,
        root: null,
        firstOnset: note.onset,
        lastOnset: note.onset,
        looks: 0,
        doubt: 0,
        raging: false,
        declining: false,
        ranked: null,
      };
      this.threads.set(incident, thread);
      if (root !== null)
        this.setRoot(incident, faultKey(view.topology.register(root), note.symptom === "gone"), note.onset);
    }
    thread.firstOnset = Math.min(thread.firstOnset, note.onset);
    thread.lastOnset = Math.max(thread.lastOnset, note.onset);
  }

  private threadOf(incident: IncidentId, at: UnixMillis): Thread {
    let thread = this.threads.get(incident);
    if (thread === undefined) {
      thread = {
        incident,
        root: null,
        firstOnset: at,
        lastOnset: at,
        looks: 0,
        doubt: 0,
        raging: false,
        declining: false,
        ranked: null,
      };
      this.threads.set(incident, thread);
    }
    return thread;
  }

  private setRoot(incident: IncidentId, root: FaultKey | null, at: UnixMillis): void {
    const thread = this.threadOf(incident, at);
    if (thread.root === root) return;
    if (thread.root !== null) this.byRoot.get(thread.root)?.delete(incident);
    thread.root = root;
    if (root === null) return;
    const set = this.byRoot.get(root);
    if (set === undefined) this.byRoot.set(root, new Set([incident]));
    else set.add(incident);
  }

  /** The notes of an incident's present members, that are evidence. */
  private notesOf(id: IncidentId, view: CorrelationView): Note[] {
    const notes: Note[] = [];
    for (const member of view.incident(id)?.members ?? []) {
      const note = this.notebook.get(member.alert);
      if (note !== undefined && note.episode === member.episode && note.background === null) notes.push(note);
    }
    return notes;
  }

  /** Solves around the seeds and says what has to change. */
  private resolveNeighbourhood(seeds: readonly Note[], at: UnixMillis, view: CorrelationView): Placement[] {
    const notes = this.gather(seeds, at, view);
    this.lastSolved = notes.size;
    const units = unitsOf([...notes]);
    const anchors = this.anchors(notes, view);
    const groups = solve(units, anchors, {
      topology: view.topology,
      influence: this.graph(view).influence,
      at,
      alarmed: (ci, around) => this.notebook.alarmed(ci, around - ALARM_BEFORE_MS, around + ALARM_AFTER_MS),
      speaks: (ci, around) => this.notebook.speaks(ci, around - SPEAKS_BEFORE_MS, around + ALARM_AFTER_MS),
      incidentOf: (unit) => majorityIncident(unit, view),
    });
    return this.reconcile(groups, at, view);
  }

  private gather(seeds: readonly Note[], at: UnixMillis, view: CorrelationView): Set<Note> {
    const found = new Set<Note>();
    const incidents = new Set<IncidentId>();
    const take = (note: Note): void => {
      if (found.size >= SOLVE_MAX || (note.background !== null && note.background !== "gathering")) return;
      const home = note.alert.incident === null ? undefined : this.threads.get(note.alert.incident);
      if (home !== undefined && this.isSet(note, home, at)) return;
      found.add(note);
      const incident = this.lastIncident.get(note.alert.id);
      if (incident !== undefined) incidents.add(incident);
    };
    const from = at - WINDOW_MS;
    const causes = new Set<number>();
    for (const seed of seeds) {
      take(seed);
      const { keys, costs } = seed.causes;
      for (let index = 0; index < keys.length && index < 80 && (costs[index] ?? 9) <= 2.4; index += 1)
        causes.add(keys[index] ?? -1);
    }
    for (const fault of causes) this.notebook.causedBy(fault, from, take);
    for (const incident of incidents) {
      for (const note of this.notesOf(incident, view)) if (note.onset >= from) take(note);
    }
    return found;
  }

  /** Its place is no longer in question. */
  private isSet(note: Note, home: Thread, at: UnixMillis): boolean {
    return home.declining || ((home.ranked?.evidence ?? 0) >= LARGE && at - note.onset > SET_MS);
  }

  private anchors(notes: ReadonlySet<Note>, view: CorrelationView): Anchor[] {
    const anchors: Anchor[] = [];
    const seen = new Set<IncidentId>();
    const consider = (id: IncidentId): void => {
      if (seen.has(id)) return;
      seen.add(id);
      const thread = this.threads.get(id);
      const incident = view.incident(id);
      if (thread?.root === null || thread === undefined || incident === undefined || !isOpen(incident)) return;
      const settled = this.notesOf(id, view).some((note) => !notes.has(note));
      anchors.push({
        incident: id,
        fault: thread.root,
        firstOnset: thread.firstOnset,
        lastOnset: thread.lastOnset,
        doubt: thread.doubt + (thread.declining ? DECLINE_COST : 0),
        raging: thread.raging,
        settled,
      });
    };
    for (const note of notes) {
      if (note.alert.incident !== null) consider(note.alert.incident);
      const { keys, costs } = note.causes;
      for (let index = 0; index < keys.length && index < 48 && (costs[index] ?? 9) <= 2.4; index += 1) {
        for (const id of this.byRoot.get(keys[index] ?? -1) ?? []) consider(id);
      }
    }
    return anchors;
  }

  private reconcile(groups: readonly Group[], at: UnixMillis, view: CorrelationView): Placement[] {
    const placements: Placement[] = [];
    const owner = assignIncidents(groups, view);
    for (const group of groups) {
      const standing = this.sameRoot(group, view);
      const own = owner.get(group);
      if (standing === undefined || standing === own) continue;
      // A whole fault that comes back goes on in its old incident; a lone alert is too little to tell it is the same.
      const isBack = view.incident(standing)?.status === "resolved" && group.units.length >= BACK_MIN;
      const isOlder =
        (view.incident(standing)?.number ?? 0) < (view.incident(own ?? "")?.number ?? Number.POSITIVE_INFINITY);
      const isFree = ![...owner.values()].includes(standing);
      if (own === undefined || (isBack && isOlder && isFree)) owner.set(group, standing);
    }
    const targetOf = new Map<IncidentId, Group>();
    for (const [group, incident] of owner) targetOf.set(incident, group);
    for (const group of groups) {
      const incident = owner.get(group);
      const notes = group.units.flatMap((unit) => unit.notes);
      const active = notes.filter((note) => note.resolvedAt === null);
      const root = view.topology.id(faultCi(group.fault));
      if (incident === undefined) {
        const alerts = active.map((note) => note.alert.id);
        if (alerts.length === 0) continue;
        placements.push({
          type: "open",
          alerts,
          reasons: [`${root} explains ${alerts.length === 1 ? "it" : "these together"}`],
        });
        continue;
      }
      this.pull(group, { incident, active, root }, targetOf, placements, view);
      this.setRoot(incident, group.fault, at);
      this.lookAgain(incident, at);
    }
    return placements;
  }

  /** An incident of the same root that is open at that time, or was until a short while ago. */
  private sameRoot(group: Group, view: CorrelationView): IncidentId | undefined {
    const onset = group.units[0]?.onset ?? 0;
    if (group.units.length < 2) return undefined;
    for (const dead of [true, false]) {
      for (const id of this.byRoot.get(faultKey(faultCi(group.fault), dead)) ?? []) {
        const thread = this.threads.get(id);
        const incident = view.incident(id);
        if (thread === undefined || incident === undefined || incident.mergedInto !== null) continue;
        if (incident.status === "resolved") {
          if (incident.resolvedAt !== null && onset - incident.resolvedAt < BACK_MS) return id;
        } else if (
          isOpen(incident) &&
          onset >= thread.firstOnset - ALARM_BEFORE_MS &&
          onset <= thread.lastOnset + ALARM_AFTER_MS
        ) {
          return id;
        }
      }
    }
    return undefined;
  }

  /** Brings a group's alerts together in its incident: whole incidents by merging, others one by one. */
  private pull(
    group: Group,
    target: { incident: IncidentId; active: Note[]; root: string },
    targetOf: ReadonlyMap<IncidentId, Group>,
    placements: Placement[],
    view: CorrelationView,
  ): void {
    const { incident, active, root } = target;
    const inGroup = new Set(active);
    const loose: AlertId[] = [];
    const merged = new Set<IncidentId>();
    for (const note of active) {
      this.joined(note, incident, view);
      const from = note.alert.incident;
      if (from === incident) continue;
      if (from !== null && !targetOf.has(from) && !merged.has(from)) {
        const rest = this.notesOf(from, view).filter((other) => other.resolvedAt === null && !inGroup.has(other));
        if (rest.length === 0) {
          merged.add(from);
          placements.push({ type: "merge", from, into: incident, reasons: [`${root} explains both`] });
        }
      }
      if (from === null || !merged.has(from)) loose.push(note.alert.id);
    }
    if (loose.length > 0)
      placements.push({
        type: "join",
        alerts: loose,
        incident,
        reasons: [`${root} explains ${group.units.length} CIs together`],
      });
  }

  private lookAgain(incident: IncidentId, at: UnixMillis): void {
    const thread = this.threads.get(incident);
    if (thread === undefined) return;
    const wait = SECOND_LOOK_MS[thread.looks];
    thread.looks += 1;
    if (wait !== undefined) this.timers.schedule(`look ${incident}`, at + wait);
  }
}

/** Verdicts on large incidents are dear, and one more alert changes them little. */
function rankPause(members: number): Milliseconds {
  if (members <= 8) return 0;
  return members <= 40 ? 3_000 : members <= 200 ? 10_000 : 30_000;
}

function isOpen(incident: Readonly<Incident>): boolean {
  return (incident.status === "open" || incident.status === "acknowledged") && incident.mergedInto === null;
}

function majorityIncident(unit: Unit, view: CorrelationView): IncidentId | null {
  for (const note of unit.notes) {
    const incident = note.alert.incident === null ? undefined : view.incident(note.alert.incident);
    if (incident !== undefined && isOpen(incident)) return incident.id;
  }
  return null;
}

/** Which incident each group goes on as: the one that most of it is in; an incident goes on as one group only. */
function assignIncidents(groups: readonly Group[], view: CorrelationView): Map<Group, IncidentId> {
  const bids: { group: Group; incident: IncidentId; weight: number; number: number }[] = [];
  for (const group of groups) {
    const weights = new Map<IncidentId, number>();
    if (group.anchor !== null) weights.set(group.anchor, 0.5);
    for (const unit of group.units) {
      for (const note of unit.notes) {
        if (note.alert.incident !== null) weights.set(note.alert.incident, (weights.get(note.alert.incident) ?? 0) + 1);
      }
    }
    for (const [incident, weight] of weights) {
      const found = view.incident(incident);
      if (found !== undefined && isOpen(found)) bids.push({ group, incident, weight, number: found.number });
    }
  }
  bids.sort((a, b) => b.weight - a.weight || a.number - b.number);
  const owner = new Map<Group, IncidentId>();
  const taken = new Set<IncidentId>();
  for (const bid of bids) {
    if (owner.has(bid.group) || taken.has(bid.incident)) continue;
    owner.set(bid.group, bid.incident);
    taken.add(bid.incident);
  }
  return owner;
}

/** A CI other than its own that an alert names: as its instance, or in its text ("linkDown Gi0/4 (to hv-3)"). */
function namedCi(alert: Readonly<Alert>, ci: number, topology: Topology): number | null {
  if (alert.instance !== "") {
    const found = topology.find(alert.instance);
    if (found !== undefined && found !== ci) return found;
  }
  for (const word of alert.summary.split(/[\s,;:()[\]"'=]+/)) {
    if (word.length < 4 || !/[\d-]/.test(word)) continue;
    const found = topology.find(word.replace(/[.]$/, ""));
    if (found !== undefined && found !== ci) return found;
  }
  return null;
}
