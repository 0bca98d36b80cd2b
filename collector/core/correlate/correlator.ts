import type { Alert } from "../model/alert.ts";
import {
  type ChangeRecord,
  type CorrelationView,
  type Correlator,
  GATHERING,
  type Placement,
  type Ranking,
  type RootEvidence,
  type RootRanker,
} from "../model/correlation.ts";
import { unitsOf, type Note } from "../model/evidence.ts";
import { ALARM_BEFORE_MS } from "../model/hypothesis.ts";
import type { Incident } from "../model/incident.ts";
import { faultCi, faultKey, Influence } from "../model/influence.ts";
import { SERIOUS_RANK, severityRank } from "../model/severity.ts";
import { TimerQueue } from "../model/timer-queue.ts";
import type { Topology } from "../model/topology.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import { Agenda } from "./agenda.ts";
import { Maintenance, type Background } from "./background.ts";
import { Habits } from "./habits.ts";
import { flapper, noiseOf, type NoiseContext } from "./noise.ts";
import { NoteReader } from "./note-reader.ts";
import { Notebook } from "./notebook.ts";
import { anchorsOf, gather, incidentOf, notesOf, regroup, type Neighbourhood } from "./regroup.ts";
import { solve } from "./solve.ts";
import { isJudged, standingVerdict, unheardOf } from "./standing.ts";
import { Strays } from "./strays.ts";
import { Together } from "./together.ts";
import { isOpen, survivor, Threads, type Thread } from "./threads.ts";
import type { AlertId, IncidentId } from "../model/identity.ts";

/** A young incident is looked at again this long after the last solve that touched it. */
const SECOND_LOOK_MS: readonly Milliseconds[] = [25_000, 90_000];
/** Who alarms this long after a fault began counts as failing with it. */
const ALARM_AFTER_MS: Milliseconds = 12 * 60_000;
const SPEAKS_BEFORE_MS: Milliseconds = 5_000;
/** An incident of so many alerts is a storm while more come. */
const STORM = 8;
const STORM_MS: Milliseconds = 4 * 60_000;
const RAGING_MIN = 6;
const DECLINE_MIN = 5;
const DECLINE_SHARE = 0.4;
/** With less than this share of the evidence left, the last verdict stands. */
const EVIDENCE_LEFT = 0.6;
/** The timer by which learned relations fade. */
const FADE = "fade pairs";
/** A learned relation that is so much surer, or less sure, than when it was learned is learned anew. */
const SURER = 0.1;
/** With less confidence in its root, nothing is learned from a fault. */
const SURE = 0.7;

/**
 * @param ranker names the root of an incident; from `core/root-cause`
 */
export function createCorrelator(ranker: RootRanker): Correlator {
  return new OnlineCorrelator(ranker);
}

class OnlineCorrelator implements Correlator {
  private readonly ranker: RootRanker;
  private readonly reader = new NoteReader();
  private notebook = new Notebook();
  private threads = new Threads();
  private topology: Topology | null = null;
  private influence: Influence | null = null;
  private maintenance: Maintenance | null = null;
  private agenda = new Agenda();
  /** `look <incident>`, `alert <id>` (withheld until), `rank <incident>`, `fade pairs`. */
  private timers = new TimerQueue();
  private stale = new Set<IncidentId>();
  private readonly habits = new Habits();
  private readonly together = new Together();
  private strays = new Strays();
  private storm: { incident: IncidentId; at: UnixMillis } | null = null;
  private paged: { incident: IncidentId; at: UnixMillis }[] = [];

  constructor(ranker: RootRanker) {
    this.ranker = ranker;
  }

  takeGraph(topology: Topology): void {
    this.topology = topology;
    this.influence = new Influence(topology);
    this.maintenance = new Maintenance(topology, this.influence);
  }

  restore(
    alerts: Iterable<Readonly<Alert>>,
    learned: Iterable<{ id: string; value: unknown }>,
    at: UnixMillis,
    view: CorrelationView,
  ): void {
    const known = [...learned];
    this.habits.restore(known);
    this.together.restore(known);
    this.notebook = new Notebook();
    this.threads = new Threads();
    this.agenda = new Agenda();
    this.timers = new TimerQueue();
    this.stale = new Set();
    this.strays = new Strays();
    this.strays.restore(known);
    this.storm = null;
    this.paged = [];
    this.graph(view);
    this.believe(at, view);
    const order = [...alerts].sort((a, b) => a.firstSeenAt - b.firstSeenAt || (a.id < b.id ? -1 : 1));
    for (const alert of order) {
      const note = this.noteOf(alert, view);
      const isGathering = alert.withheld === GATHERING;
      note.background = alert.incident === null && !isGathering ? alert.withheld : null;
      this.notebook.add(note);
      if (alert.incident !== null) this.joined(note, alert.incident, view);
      else if (isGathering) this.seed(note, at, view);
      else if (note.background !== null) this.timers.schedule(`alert ${alert.id}`, at);
    }
  }

  onFiring(alert: Readonly<Alert>, at: UnixMillis, view: CorrelationView): Placement[] {
    this.graph(view);
    const known = this.notebook.get(alert.id);
    if (known !== undefined && known.episode === alert.episode && known.resolvedAt === null)
      return this.changed(known, at, view);
    const note = this.noteOf(alert, view);
    const neighbour = this.reader.takeLearned();
    if (neighbour !== null) this.readAgain(note, neighbour, at, view);
    const noise = noiseOf(note, this.noiseContext(at, view));
    if (noise !== null) {
      note.background = noise.rule;
      this.notebook.add(note);
      return [this.withhold(note, noise)];
    }
    this.notebook.add(note);
    this.notebook.forget(at, (old) => {
      const home = survivor(old.home, view);
      return home !== undefined && isOpen(home);
    });
    this.threads.prune(view);
    return this.place(note, at, view, known);
  }

  onResolved(alert: Readonly<Alert>, at: UnixMillis, view: CorrelationView): Placement[] {
    if (alert.incident !== null) this.habits.ended(alert, view.incident(alert.incident), at);
    const note = this.notebook.get(alert.id);
    if (note === undefined) return [];
    note.home = alert.incident ?? note.home;
    this.notebook.resolve(note, at);
    if (alert.incident !== null && note.background === null) this.strays.ended(view.incident(alert.incident), at);
    this.agenda.drop(alert.id);
    this.timers.cancel(`alert ${alert.id}`);
    if (alert.incident !== null) this.stale.add(alert.incident);
    return [];
  }

  onChange(change: ChangeRecord, _at: UnixMillis, view: CorrelationView): void {
    const ci = view.topology.find(change.ci);
    if (ci === undefined) return;
    for (const dead of [true, false]) for (const id of this.threads.at(faultKey(ci, dead))) this.stale.add(id);
  }

  nextReviewAt(): UnixMillis | null {
    const timer = this.timers.next();
    const solve = this.agenda.nextAt;
    if (solve === null) return timer;
    return timer === null ? solve : Math.min(timer, solve);
  }

  due(at: UnixMillis, view: CorrelationView): Placement[] {
    const next = this.nextReviewAt();
    if (next === null || next > at) return [];
    this.graph(view);
    for (let key = this.timers.take(at); key !== undefined; key = this.timers.take(at)) {
      const space = key.indexOf(" ");
      const id = key.slice(space + 1);
      if (key === FADE) this.believe(at, view);
      else if (key.startsWith("rank ")) this.stale.add(id);
      else if (key.startsWith("alert ")) this.release(id, at, view);
      else this.lookNow(id, at, view);
    }
    const { agenda } = this;
    if (!agenda.begin(at)) return [];
    const placements = agenda.isSurge ? this.joinKnown(view) : [];
    const seeds = agenda.takeSeeds(at).filter((note) => this.isOpenQuestion(note));
    if (seeds.length > 0) placements.push(...this.solveAround(seeds, at, view));
    agenda.end(at, view.settings.settleMinMs);
    return placements;
  }

  rank(incident: Readonly<Incident>, at: UnixMillis, view: CorrelationView): Ranking {
    const { influence, maintenance } = this.graph(view);
    const thread = this.threads.of(incident.id, at);
    const last = thread.ranked;
    const pause = rankPause(incident.members.length);
    if (last !== null && thread.spentAt !== null && at < thread.spentAt + pause) {
      this.timers.schedule(`rank ${incident.id}`, thread.spentAt + pause);
      return { ...last.ranking, holdMs: 0, pageAfterMs: 0, isRepeat: true };
    }
    const isDue = last !== null && (isPageDue(last, at) || isHoldOver(incident, last.at, at));
    if (last !== null && !isDue && at < last.at + pause) {
      this.timers.schedule(`rank ${incident.id}`, last.at + pause);
      return { ...last.ranking, holdMs: Math.max(0, last.at + last.ranking.holdMs - at), isRepeat: true };
    }
    const notes = notesOf(incident.id, this.notebook, view);
    const cleared = notes.filter((note) => note.resolvedAt !== null).length;
    if (notes.length >= STORM) this.storm = { incident: incident.id, at: thread.lastOnset };
    const wasDeclining = thread.declining;
    thread.declining = notes.length >= DECLINE_MIN && cleared >= notes.length * DECLINE_SHARE;
    if (thread.declining && !wasDeclining && last !== null) this.learnFrom(last.ranking, notes, at, view);
    if (last === null && isJudged(incident)) {
      const heard = notes.length + unheardOf(incident, notes, view);
      if (notes.length < heard * EVIDENCE_LEFT) {
        const ranking = standingVerdict(incident);
        thread.ranked = { at, ranking, evidence: heard };
        return ranking;
      }
    }
    const isSpent = last !== null && (thread.declining || notes.length < last.evidence * EVIDENCE_LEFT);
    thread.spentAt = isSpent ? at : null;
    if (last !== null && isSpent) return { ...last.ranking, holdMs: 0, pageAfterMs: 0 };
    if (last !== null && cleared > 0 && cleared === notes.length) {
      const ranking = { ...last.ranking, ...NOTHING_FIRES };
      thread.ranked = { at, ranking, evidence: Math.max(notes.length, last.evidence) };
      return ranking;
    }
    const planned = (ci: number, onset: UnixMillis): boolean => maintenance.isBehind(ci, onset, view.maintenance());
    const evidence = { incident, notes, influence, planned, strayRate: this.strays.rate(at) };
    const ranking = this.ranker.rank({ ...evidence, ...this.heard(incident.id, at) }, at, view);
    this.threads.setRoot(incident.id, ranking.fault, at);
    thread.doubt = ranking.doubt;
    thread.raging = notes.length >= RAGING_MIN && cleared * 2 < notes.length;
    thread.ranked = { at, ranking, evidence: Math.max(notes.length, last?.evidence ?? 0) };
    if (ranking.pageAfterMs > 0) this.timers.schedule(`rank ${incident.id}`, at + ranking.pageAfterMs);
    if (ranking.pageWorthy && ranking.holdMs === 0) this.notePage(incident.id, at);
    return ranking;
  }

  /** A fault is over by and by: who failed with it, though the graph does not say why, may do so again. */
  private learnFrom(
    { rootCause, fault }: Ranking,
    notes: readonly Note[],
    at: UnixMillis,
    view: CorrelationView,
  ): void {
    if (rootCause.ci === null || fault === null || rootCause.confidence < SURE) return;
    const root = view.topology.find(rootCause.ci);
    const explained = new Set<string>();
    for (const { ci, causes } of notes)
      if (causes.keys.some((key) => faultCi(key) === root || key === fault)) explained.add(view.topology.id(ci));
    const victims = new Set(notes.map(({ ci }) => view.topology.id(ci)));
    this.together.learn(rootCause.ci, [...victims], at, (ci) => explained.has(ci));
    this.believe(at, view);
  }

  /** The graph has the relations that are believed now, and no others. CIs that are not in the CMDB any more teach nothing. */
  private believe(at: UnixMillis, { topology }: CorrelationView): void {
    const believed = new Map<string, { from: number; to: number; confidence: number }>();
    for (const { from, to, confidence } of this.together.relations(at)) {
      const [victim, root] = [topology.find(from), topology.find(to)];
      if (victim === undefined || root === undefined || victim === root) continue;
      believed.set(`${victim} ${root}`, { from: victim, to: root, confidence });
    }
    for (const known of topology.learnedRelations()) {
      const now = believed.get(`${known.from} ${known.to}`)?.confidence ?? 0;
      if (now === 0 || Math.abs(now - known.confidence) >= SURER) topology.unlearn(known);
    }
    for (const relation of believed.values()) topology.learn(relation);
    this.timers.cancel(FADE);
    const fadesAt = this.together.fadesAt(at);
    if (fadesAt !== null) this.timers.schedule(FADE, fadesAt);
  }

  /** Someone is woken for this incident now, unless they were already. The last two that did so are remembered. */
  private notePage(incident: IncidentId, at: UnixMillis): void {
    const [last] = this.paged;
    const known = this.paged.find((page) => page.incident === incident);
    if (known === undefined) this.paged = last === undefined ? [{ incident, at }] : [{ incident, at }, last];
  }

  takeStale(): IncidentId[] {
    const list = [...this.stale];
    this.stale.clear();
    return list;
  }

  takeLearned(): { id: string; value: unknown }[] {
    return [...this.habits.takeChanged(), ...this.strays.takeChanged(), ...this.together.takeChanged()];
  }

  private graph({ topology }: CorrelationView): { influence: Influence; maintenance: Maintenance } {
    if (this.topology !== topology || this.influence === null || this.maintenance === null) {
      const influence = new Influence(topology);
      const maintenance = new Maintenance(topology, influence);
      this.topology = topology;
      this.influence = influence;
      this.maintenance = maintenance;
      return { influence, maintenance };
    }
    return { influence: this.influence, maintenance: this.maintenance };
  }

  /** What was heard around a time, for those who weigh silence. */
  private heard(
    incident: IncidentId | null,
    at: UnixMillis,
  ): Pick<RootEvidence, "began" | "alarmed" | "speaks" | "storm" | "habit" | "pagedAt"> {
    const { notebook, storm, habits } = this;
    return {
      began: notebook.began,
      alarmed: (ci, around) => notebook.alarmed(ci, around - ALARM_BEFORE_MS, around + ALARM_AFTER_MS),
      speaks: (ci, around) => notebook.speaks(ci, around - SPEAKS_BEFORE_MS, around + ALARM_AFTER_MS),
      storm: storm !== null && storm.incident !== incident && at - storm.at < STORM_MS,
      pagedAt: this.paged.find((page) => page.incident !== incident)?.at ?? null,
      habit: (alert) => habits.of(alert, at),
    };
  }

  private noteOf(alert: Readonly<Alert>, view: CorrelationView): Note {
    return this.reader.read(alert, view.topology, this.graph(view).influence);
  }

  /** An alert names where its port leads: earlier ones on that port, of this device or its twin, did not. */
  private readAgain({ alert }: Note, neighbour: number, at: UnixMillis, view: CorrelationView): void {
    for (const edge of view.topology.needs(neighbour)) {
      if (edge.type !== "connectsTo") continue;
      const earlier = this.notebook
        .on(edge.ci)
        .filter(({ alert: old }) => old.instance === alert.instance && old.id !== alert.id);
      for (const old of earlier) if (old.resolvedAt === null && old.background === null) this.renew(old, at, view);
    }
  }

  private renew(old: Note, at: UnixMillis, view: CorrelationView): void {
    const renewed = this.noteOf(old.alert, view);
    renewed.onset = old.onset;
    renewed.seriousSince = old.seriousSince;
    this.notebook.add(renewed);
    this.seed(renewed, at, view);
  }

  private noiseContext(at: UnixMillis, view: CorrelationView): NoiseContext {
    const { maintenance } = this.graph(view);
    return { notebook: this.notebook, threads: this.threads, maintenance, at, view };
  }

  private changed(note: Note, at: UnixMillis, view: CorrelationView): Placement[] {
    const symptom = this.reader.symptomOf(note.alert, view.topology.ci(note.ci).type);
    note.rank = severityRank(note.alert.severity);
    note.seriousSince = note.rank >= SERIOUS_RANK ? (note.seriousSince ?? at) : null;
    if (note.background !== null) {
      if (noiseOf(note, this.noiseContext(at, view)) !== null) return [];
      this.timers.cancel(`alert ${note.alert.id}`);
      this.notebook.setBackground(note, null);
      return this.place(note, at, view, undefined);
    }
    const noise = note.alert.incident === null ? null : flapper(note, this.noiseContext(at, view));
    if (noise !== null) {
      this.notebook.setBackground(note, noise.rule);
      return [this.withhold(note, noise)];
    }
    if (symptom !== note.symptom) this.renew(note, at, view);
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
    const again = noiseOf(note, this.noiseContext(at, view));
    if (again !== null && again.until !== null && again.until > at) this.timers.schedule(`alert ${id}`, again.until);
    else if (again === null || again.until !== null) {
      this.notebook.setBackground(note, null);
      this.seed(note, at, view);
    }
  }

  private lookNow(incident: IncidentId, at: UnixMillis, view: CorrelationView): void {
    const open = notesOf(incident, this.notebook, view).filter((note) => note.resolvedAt === null);
    this.agenda.addNow(open, at);
  }

  private place(note: Note, at: UnixMillis, view: CorrelationView, before: Note | undefined): Placement[] {
    const { alert } = note;
    const again = before === undefined ? null : this.threads.again(before, note, view);
    const thread = again ?? this.threads.best(note, view);
    this.seed(note, at, view);
    if (thread !== null) {
      this.joined(note, thread.incident, view);
      const reason =
        again === null
          ? `${this.rootName(thread, view)} explains it`
          : "the same condition was in this incident moments ago";
      return [{ type: "join", alerts: [alert.id], incident: thread.incident, reasons: [reason] }];
    }
    if (this.agenda.mayOpen())
      return [{ type: "open", alerts: [alert.id], reasons: ["nothing that is open explains it"] }];
    return [
      {
        type: "withhold",
        alert: alert.id,
        rule: GATHERING,
        reasons: ["many alerts in the same moment: they are looked at together"],
        until: this.agenda.nextAt,
      },
    ];
  }

  private rootName(thread: Thread, view: CorrelationView): string {
    return thread.root === null ? "what is known of that incident" : view.topology.id(faultCi(thread.root));
  }

  private seed(note: Note, at: UnixMillis, view: CorrelationView): void {
    this.agenda.add(note, at, view.settings.settleMinMs);
  }

  /**
   * In a surge, what a fault explains that the solves before have found joins it unsolved: of twenty alerts on one CI one is
   * enough to find out what it has.
   */
  private joinKnown(view: CorrelationView): Placement[] {
    const joins = new Map<IncidentId, { alerts: AlertId[]; reason: string }>();
    const unknown: Note[] = [];
    for (const note of this.agenda.takeToLookAt()) {
      if (!this.isOpenQuestion(note)) continue;
      const thread = note.alert.incident === null ? this.threads.best(note, view) : null;
      if (thread === null) {
        unknown.push(note);
        continue;
      }
      this.joined(note, thread.incident, view);
      const join = joins.get(thread.incident) ?? { alerts: [], reason: `${this.rootName(thread, view)} explains it` };
      join.alerts.push(note.alert.id);
      joins.set(thread.incident, join);
    }
    this.agenda.giveBack(unknown);
    return [...joins].map(([incident, { alerts, reason }]) => ({ type: "join", alerts, incident, reasons: [reason] }));
  }

  /** It still holds, and nothing newer is known of it. */
  private isOpenQuestion(note: Note): boolean {
    return note.resolvedAt === null && this.notebook.get(note.alert.id) === note;
  }

  private joined(note: Note, incident: IncidentId, view: CorrelationView): void {
    this.threads.joined(note, incident, view);
    this.stale.add(incident);
  }

  /** Solves around the seeds and says what has to change. */
  private solveAround(seeds: readonly Note[], at: UnixMillis, view: CorrelationView): Placement[] {
    const near: Neighbourhood = { notebook: this.notebook, threads: this.threads, at, view };
    const notes = gather(seeds, near);
    this.agenda.lookedAt(notes.size);
    const { topology } = view;
    const { influence } = this.graph(view);
    const groups = solve(unitsOf([...notes]), anchorsOf(notes, near), {
      topology,
      influence,
      at,
      ...this.heard(null, at),
      incidentOf: (unit) => incidentOf(unit, view),
    });
    const { placements, touched, confirmed } = regroup(groups, near);
    for (const incident of touched) {
      this.stale.add(incident);
      this.lookAgain(this.threads.of(incident, at), at);
    }
    for (const incident of confirmed) this.lookAgain(this.threads.of(incident, at), at);
    return placements;
  }

  private lookAgain(thread: Thread, at: UnixMillis): void {
    const wait = SECOND_LOOK_MS[thread.looks];
    thread.looks += 1;
    if (wait !== undefined) this.timers.schedule(`look ${thread.incident}`, at + wait);
  }
}

/** Who was at fault stands; there is nothing left to be told of. */
const NOTHING_FIRES: Pick<Ranking, "holdMs" | "holdReason" | "pageWorthy" | "pageReason" | "pageAfterMs"> = {
  holdMs: 0,
  holdReason: "",
  pageWorthy: false,
  pageReason: "everything has cleared",
  pageAfterMs: 0,
};

function isPageDue(last: { at: UnixMillis; ranking: Ranking }, at: UnixMillis): boolean {
  return last.ranking.pageAfterMs > 0 && at >= last.at + last.ranking.pageAfterMs;
}

/** People are about to be told: by what is known now, not by what was known some seconds ago. */
function isHoldOver({ holdUntil }: Readonly<Incident>, rankedAt: UnixMillis, at: UnixMillis): boolean {
  return holdUntil !== null && at >= holdUntil && rankedAt < holdUntil;
}

/** Verdicts on large incidents are dear, and one more alert changes them little. */
function rankPause(members: number): Milliseconds {
  if (members <= 8) return 0;
  return members <= 40 ? 3_000 : members <= 200 ? 10_000 : 30_000;
}
