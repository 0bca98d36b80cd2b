import type { Alert } from "../model/alert.ts";
import {
  type ActiveAlerts,
  type ChangeRecord,
  type CorrelationView,
  type Correlator,
  GATHERING,
  type Placement,
  type Ranking,
  type Recollection,
  type RootRanker,
} from "../model/correlation.ts";
import type { Note, Noted } from "../model/evidence.ts";
import type { Incident } from "../model/incident.ts";
import { faultKey, Influence } from "../model/influence.ts";
import { byText } from "../model/order.ts";
import { SERIOUS_RANK, severityRank } from "../model/severity.ts";
import { TimerQueue } from "../model/timer-queue.ts";
import type { Topology } from "../model/topology.ts";
import type { UnixMillis } from "../model/time.ts";
import { Agenda } from "./agenda.ts";
import { type Background, flapsOn, Maintenance } from "./background.ts";
import { believe, FADE } from "./belief.ts";
import type { Common } from "./common.ts";
import { Habits } from "./habits.ts";
import { alertTimer, Keeper, recall, resume, type Recalled, type Rooms } from "./keeping.ts";
import { readAnew, replant } from "./restart.ts";
import { flapper, goesOn, isKnownToPeople, noiseOf, type NoiseContext } from "./noise.ts";
import { NoteReader } from "./note-reader.ts";
import { notedOf } from "./noted.ts";
import { Notebook } from "./notebook.ts";
import { notesOf } from "./regroup.ts";
import { explanationBy, workOff } from "./round.ts";
import { threadRecord } from "./stored-thread.ts";
import { Strays } from "./strays.ts";
import { Together } from "./together.ts";
import { isOpen, survivor, Threads } from "./threads.ts";
import { Verdicts } from "./verdicts.ts";
import type { AlertId, IncidentId } from "../model/identity.ts";

/**
 * @param ranker names the root of an incident; from `core/root-cause`
 */
export function createCorrelator(ranker: RootRanker): Correlator {
  return new OnlineCorrelator(ranker);
}

class OnlineCorrelator implements Correlator {
  private readonly verdicts: Verdicts;
  private readonly reader = new NoteReader();
  private notebook = new Notebook();
  private readonly threads = new Threads();
  private topology: Topology | null = null;
  private influence: Influence | null = null;
  private maintenance: Maintenance | null = null;
  private readonly agenda = new Agenda();
  /** See `lookTimer`, `alertTimer` (withheld until), `rankTimer`, and `FADE`. */
  private readonly timers = new TimerQueue();
  private readonly stale = new Set<IncidentId>();
  private readonly habits = new Habits();
  private readonly together = new Together();
  private readonly strays = new Strays();
  private readonly keeper = new Keeper(() => this.common());
  private recalled: Recalled | null = null;
  /** Alerts of whose note something has changed that is stored with them. */
  private readonly rewritten = new Set<AlertId>();
  /** See `Common`. */
  private graphBase = 0;
  private readAt = 0;
  /** The graph by which threads and notes count, where it is not the present one. */
  private before: Topology | null = null;

  constructor(ranker: RootRanker) {
    this.verdicts = new Verdicts(ranker);
  }

  takeGraph(topology: Topology): void {
    if (this.topology !== null) {
      this.before ??= this.topology;
      this.graphBase += this.topology.grown.length + 1;
    }
    this.topology = topology;
    this.influence = new Influence(topology);
    this.maintenance = new Maintenance(topology, this.influence);
  }

  recall(stored: Recollection): void {
    const { topology, influence, reader } = this;
    if (topology === null || influence === null) throw new Error("there is no graph to recall it by");
    for (const room of [this.habits, this.together, this.strays, reader]) room.restore(stored.records);
    this.recalled = recall(stored, { reader, influence, topology });
  }

  resume(active: ActiveAlerts, at: UnixMillis, view: CorrelationView): void {
    const { recalled } = this;
    this.recalled = null;
    if (recalled !== null) resume(recalled, this.keeper, this.rooms, view);
    const common = recalled?.common ?? null;
    if (common === null) believe(this.rooms, view.topology, at);
    else {
      const { graphBase, readAt, storm, paged, stale, fadeAt } = common;
      Object.assign(this, { graphBase, readAt });
      this.verdicts.resume(storm, paged);
      this.keeper.resume(common);
      for (const incident of stale) this.stale.add(incident);
      if (fadeAt !== null) this.timers.schedule(FADE, fadeAt);
    }
    const others = this.withoutNote(active);
    others.sort((a, b) => a.firstSeenAt - b.firstSeenAt || (a.id < b.id ? -1 : 1));
    for (const alert of others) if (this.notebook.get(alert.id) === undefined) this.beginWith(alert, at, view);
  }

  /** Mostly each has its note, and to count these is quicker than to look for each. */
  private withoutNote({ count, alerts }: ActiveAlerts): Readonly<Alert>[] {
    let noted = 0;
    for (const { alert } of this.notebook.all()) if (alert.status !== "resolved") noted += 1;
    return noted === count ? [] : [...alerts].filter(({ id }) => this.notebook.get(id) === undefined);
  }

  /** An alert of which an older program has kept nothing. */
  private beginWith(alert: Readonly<Alert>, at: UnixMillis, view: CorrelationView): void {
    const note = this.noteOf(alert, view);
    const isGathering = alert.withheld === GATHERING;
    note.background = alert.incident === null && !isGathering ? alert.withheld : null;
    this.notebook.add(note);
    if (alert.incident !== null) this.joined(note, alert.incident, view);
    else if (isGathering) this.seed(note, at, view);
    else if (note.background !== null) this.timers.schedule(alertTimer(alert.id), at);
  }

  restart(at: UnixMillis, view: CorrelationView): void {
    const { topology } = view;
    const { influence } = this.graph(view);
    believe(this.rooms, topology, at);
    const { notes, changed } = readAnew(this.notebook.all(), { reader: this.reader, influence, topology });
    for (const id of changed) this.rewritten.add(id);
    this.readAt = this.graphBase + topology.grown.length;
    for (const note of notes) note.graph = this.readAt;
    this.notebook = Notebook.following(this.notebook, notes);
    replant(this.threads, this.before, topology);
    this.before = null;
    for (const note of notes) {
      const { alert } = note;
      if (note.resolvedAt !== null) continue;
      if (alert.incident !== null && note.background === null) this.joined(note, alert.incident, view);
      else if (note.background === "maintenance") this.release(alert.id, at, view);
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
      const known = noise.rule === "flapping" && goesOn(note, view) ? alert.incident : null;
      if (known === null) return [this.withhold(note, noise)];
      if (noise.until !== null) this.holdUntil(alert.id, noise.until);
      // What it was taken for as it began says nothing of a condition that goes up and down.
      this.threads.of(known, at).ranked = null;
      this.threads.touch(known);
      this.stale.add(known);
      return [{ type: "join", alerts: [alert.id], incident: known, reasons: ["it flaps: one state, one incident"] }];
    }
    this.notebook.add(note);
    this.notebook.forget(at, (old) => {
      const home = survivor(old.home, view);
      const isKept = home !== undefined && isOpen(home);
      if (isKept) this.rewritten.add(old.alert.id);
      return isKept;
    });
    return this.place(note, at, view, known);
  }

  onResolved(alert: Readonly<Alert>, at: UnixMillis, view: CorrelationView): Placement[] {
    if (alert.incident !== null) this.habits.ended(alert, view.incident(alert.incident), at);
    const note = this.notebook.get(alert.id);
    if (note === undefined) return [];
    note.home = alert.incident ?? note.home;
    // Where its clear was lost it was over soon after its last repetition, long before that could be told.
    this.notebook.resolve(note, at, alert.sourceStatus === "resolved" ? alert.lastSeenAt : at);
    if (alert.incident !== null && note.background === null) this.strays.ended(view.incident(alert.incident), at);
    this.agenda.drop(alert.id);
    this.timers.cancel(alertTimer(alert.id));
    if (alert.incident !== null) this.stale.add(alert.incident);
    return [];
  }

  gone(alert: AlertId): void {
    this.notebook.drop(alert);
    this.agenda.leave(alert);
    this.timers.cancel(alertTimer(alert));
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
    const { influence } = this.graph(view);
    const placements: Placement[] = [];
    for (let key = this.timers.take(at); key !== undefined; key = this.timers.take(at)) {
      const space = key.indexOf(" ");
      const id = key.slice(space + 1);
      if (key === FADE) believe(this.rooms, view.topology, at);
      else if (key.startsWith("alert ")) placements.push(...this.release(id, at, view));
      else {
        this.threads.touch(id);
        if (key.startsWith("rank ")) this.stale.add(id);
        else this.lookNow(id, at, view);
      }
    }
    const { rooms, stale, rewritten } = this;
    const memory = this.verdicts.memory(rooms);
    placements.push(...workOff({ rooms, influence, memory, stale, rewritten, at, view }));
    return placements;
  }

  rank(incident: Readonly<Incident>, at: UnixMillis, view: CorrelationView): Ranking {
    return this.verdicts.rank(incident, at, { ...this.graph(view), rooms: this.rooms, view });
  }

  takeStale(): readonly IncidentId[] {
    if (this.stale.size === 0) return NOTHING;
    const list = [...this.stale];
    this.stale.clear();
    return list;
  }

  noted(alert: AlertId): Noted | null {
    const note = this.notebook.get(alert);
    if (note === undefined) return null;
    return notedOf(note, { waits: this.agenda.numberOf(alert), until: this.timers.dueAt(alertTimer(alert)) });
  }

  threadOf(incident: IncidentId): Noted | null {
    const thread = this.threads.get(incident);
    if (thread === undefined || this.topology === null) return null;
    return threadRecord(thread, this.timers, this.topology);
  }

  takeNoted(): readonly AlertId[] {
    const moved = this.threads.takeMoved();
    if (this.rewritten.size === 0 && moved.length < 2) return moved;
    const list = [...this.rewritten, ...moved].sort(byText);
    this.rewritten.clear();
    return list;
  }

  takeLearned(put: readonly IncidentId[], view: CorrelationView): { id: string; value: unknown }[] {
    const { topology } = this;
    if (topology === null) return [];
    const isOver = (incident: IncidentId): boolean => view.incident(incident) === undefined;
    return this.keeper.takeChanged(this.rooms, this.common(), topology, { put, isOver });
  }

  private common(): Common {
    const { graphBase, readAt, notebook, stale } = this;
    const { storm, paged } = this.verdicts;
    return {
      graphBase,
      readAt,
      orders: notebook.orders,
      forgotUntil: notebook.forgotUntil,
      rootOrders: this.threads.rootOrders,
      agenda: this.agenda.marks,
      storm,
      paged,
      stale: stale.size === 0 ? NOTHING : [...stale],
      fadeAt: this.timers.dueAt(FADE),
    };
  }

  private get rooms(): Rooms {
    const { reader, notebook, threads, agenda, timers, habits, together, strays } = this;
    return { reader, notebook, threads, agenda, timers, habits, together, strays };
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

  private noteOf(alert: Readonly<Alert>, view: CorrelationView): Note {
    const note = this.reader.read(alert, view.topology, this.graph(view).influence);
    note.graph = this.graphBase + view.topology.grown.length;
    return note;
  }

  /** An alert names where its port leads: earlier ones on that port, of this device or its twin, did not. */
  private readAgain({ alert }: Note, neighbour: number, at: UnixMillis, view: CorrelationView): void {
    for (const edge of view.topology.needs(neighbour)) {
      if (edge.type !== "connectsTo") continue;
      const earlier = this.notebook
        .on(edge.ci)
        .filter(({ alert: old }) => old.instance === alert.instance && old.id !== alert.id)
        .sort((a, b) => a.order - b.order);
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
    const rank = severityRank(note.alert.severity);
    const since = rank >= SERIOUS_RANK ? (note.seriousSince ?? at) : null;
    if (rank !== note.rank || since !== note.seriousSince) this.rewritten.add(note.alert.id);
    note.rank = rank;
    note.seriousSince = since;
    if (note.background !== null) {
      const still = noiseOf(note, this.noiseContext(at, view));
      if (still !== null) {
        if (still.until !== null) this.holdUntil(note.alert.id, still.until);
        return [];
      }
      this.timers.cancel(alertTimer(note.alert.id));
      this.notebook.setBackground(note, null);
      if (note.alert.incident !== null) {
        // It flapped in an incident of its own, and has come to stay there.
        this.rewritten.add(note.alert.id);
        this.stale.add(note.alert.incident);
        return [];
      }
      return this.place(note, at, view, undefined);
    }
    const noise = note.alert.incident === null ? null : flapper(note, this.noiseContext(at, view));
    if (noise !== null) {
      this.notebook.setBackground(note, noise.rule);
      if (note.alert.incident === null || !isKnownToPeople(note, view)) return [this.withhold(note, noise)];
      // It stays where people know it, as one state; it says nothing of what else goes on.
      this.rewritten.add(note.alert.id);
      if (noise.until !== null) this.holdUntil(note.alert.id, noise.until);
      this.threads.setRoot(note.alert.incident, null, at);
      this.stale.add(note.alert.incident);
      return [];
    }
    if (symptom !== note.symptom) this.renew(note, at, view);
    if (note.alert.incident !== null) this.stale.add(note.alert.incident);
    return [];
  }

  private withhold(note: Note, noise: Background): Placement {
    if (noise.until !== null) this.holdUntil(note.alert.id, noise.until);
    this.rewritten.add(note.alert.id);
    return { type: "withhold", alert: note.alert.id, rule: noise.rule, reasons: [noise.reason], until: noise.until };
  }

  /** A withheld alert whose time is up becomes an ordinary one. */
  private release(id: AlertId, at: UnixMillis, view: CorrelationView): Placement[] {
    const note = this.notebook.get(id);
    this.rewritten.add(id);
    if (note === undefined || note.resolvedAt !== null || note.background === null) return [];
    const again = noiseOf(note, this.noiseContext(at, view));
    if (note.background === "flapping" && note.alert.incident === null && flapsOn(note.alert, at) && again !== null)
      return [{ type: "open", alerts: [id], reasons: ["it flaps on and on: somebody must know"] }];
    if (again !== null && again.until !== null && again.until > at) this.holdUntil(id, again.until);
    else if (again === null || again.until !== null) {
      this.notebook.setBackground(note, null);
      if (note.alert.incident === null) this.seed(note, at, view);
      else this.stale.add(note.alert.incident);
    }
    return [];
  }

  private holdUntil(alert: AlertId, until: UnixMillis): void {
    this.timers.schedule(alertTimer(alert), until);
    this.rewritten.add(alert);
  }

  private lookNow(incident: IncidentId, at: UnixMillis, view: CorrelationView): void {
    const open = notesOf(incident, this.notebook, view).filter((note) => note.resolvedAt === null);
    this.agenda.addNow(
      open.map((note) => note.alert.id),
      at,
    );
  }

  private place(note: Note, at: UnixMillis, view: CorrelationView, before: Note | undefined): Placement[] {
    const { alert } = note;
    const again = before === undefined ? null : this.threads.again(before, note, view);
    const thread = again ?? this.threads.best(note, view);
    this.seed(note, at, view);
    if (thread !== null) {
      this.joined(note, thread.incident, view);
      const reason =
        again === null ? explanationBy(thread, view) : "the same condition was in this incident moments ago";
      return [{ type: "join", alerts: [alert.id], incident: thread.incident, reasons: [reason] }];
    }
    if (this.agenda.mayOpen()) return [{ type: "open", alerts: [alert.id], reasons: ["no open incident explains it"] }];
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

  private seed(note: Note, at: UnixMillis, view: CorrelationView): void {
    this.agenda.add(note.alert.id, at, view.settings.settleMinMs);
    this.rewritten.add(note.alert.id);
  }

  private joined(note: Note, incident: IncidentId, view: CorrelationView): void {
    this.threads.joined(note, incident, view);
    this.stale.add(incident);
  }
}

const NOTHING: readonly IncidentId[] = [];
