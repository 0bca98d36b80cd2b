import type { Alert } from "../core/model/alert.ts";
import type { CmdbDocument } from "../core/model/ci.ts";
import type { Correlator } from "../core/model/correlation.ts";
import { alertDocument, incidentDocument } from "../core/model/document.ts";
import { plainAlert } from "../core/model/live-alert.ts";
import type { Event } from "../core/model/event.ts";
import type { Effect, Outcome } from "../core/model/effect.ts";
import type { Incident } from "../core/model/incident.ts";
import type { Input } from "../core/model/input.ts";
import type { LedgerRecord } from "../core/model/ledger.ts";
import type { CoreSettings } from "../core/model/settings.ts";
import { formatTime, type Milliseconds, type UnixMillis } from "../core/model/time.ts";
import { type CoreState, createState } from "../core/state.ts";
import { mayWake, nextWakeAt, step } from "../core/step.ts";
import { DropBook, EVENT_RULES_ACTOR } from "./drop-book.ts";
import type { ReplayAlert, ReplayIncident, ReplayNotification, ReplayResult } from "./replay-result.ts";
import { type ReplayLine, type ReplaySample, readReplayLine } from "./replay-line.ts";

/** Virtual time runs on for this long after the last line, unless `until` says otherwise. */
const AFTERWARDS_MS: Milliseconds = 5 * 60_000;
/** Told to when no receiver is configured, so that a replay shows what would have been told. */
export const REPLAY_RECEIVER = "replay";
const PROBLEMS_KEPT = 100;
/** So many lines are read, then taken: the engine does the one and the other faster in a row than in turns. */
const READ_AHEAD = 128;
const RULES_EVERY_MS: Milliseconds = 10_000;
/** A core that wants to be woken again and again at the same time has a bug. */
const TICKS_AT_ONE_TIME_MAX = 1000;

export interface ReplayOptions {
  cmdb: CmdbDocument;
  settings: CoreSettings;
  /** Lines of an events file, in order of arrival, one by one or several together. */
  lines: AsyncIterable<string | readonly string[]> | Iterable<string>;
  /** Ends virtual time; null = five minutes after the last line. */
  until?: UnixMillis | null;
  correlator?: Correlator;
  /** Every decision, as it is taken; for `why` and for tests. */
  onLedger?: (record: LedgerRecord) => void;
  /** Rules of packs, run over the recording. */
  rules?: ReplayRules;
  /** Called every few thousand lines. */
  onProgress?: (lines: number) => void;
}

/** What rules make of a recording. */
export interface ReplayRules {
  /** The event as it goes on, or which rule drops it and why. */
  event(event: Event): Event | { dropped: { rule: string; reason: string } };
  /** Conditions that begin or end with this metric value. */
  sample(sample: ReplaySample, receivedAt: UnixMillis): readonly Event[];
  /** Conditions that begin or end without a metric value. */
  tick(at: UnixMillis): readonly Event[];
}

export interface ReplayProblem {
  line: number;
  message: string;
}

interface Episode {
  /** As it was put last: to write it down as a document each time would cost more than to step. */
  alert: Alert;
  /** Its last event in `EventIds`; −1 = none yet. */
  lastEvent: number;
  /** The episode of the same alert before it. */
  before: Episode | null;
}

/** Events by episode, in one list for all: each line adds one, and a list for each episode would be another place of memory. */
class EventIds {
  private readonly ids: string[] = [];
  /** The event of the same episode before each. */
  private readonly before: number[] = [];

  add(id: string, episode: Episode): void {
    this.before.push(episode.lastEvent);
    episode.lastEvent = this.ids.length;
    this.ids.push(id);
  }

  of({ lastEvent }: Episode): string[] {
    const found: string[] = [];
    for (let at = lastEvent; at >= 0; at = this.before[at] ?? -1) found.push(this.ids[at] ?? "");
    return found.reverse();
  }
}

/**
 * Runs recorded events through the core in virtual time. `incidents` of the result depend on nothing but the arguments.
 * Bad lines are counted and told (the first hundred), and change nothing.
 */
export async function replayEvents(options: ReplayOptions): Promise<ReplayResult & { problems: ReplayProblem[] }> {
  const replay = new Replay(options);
  const { lines } = options;
  if (Symbol.iterator in lines) replay.read(lines);
  else {
    for await (const some of lines) if (!replay.read(typeof some === "string" ? [some] : some)) break;
  }
  return replay.finish();
}

class Replay {
  private readonly options: ReplayOptions;
  private readonly state: CoreState;
  private readonly incidents = new Map<string, Incident>();
  private readonly notifications = new Map<string, ReplayNotification[]>();
  /** By alert, its last one. */
  private readonly episodes = new Map<string, Episode>();
  private readonly eventIds = new EventIds();
  private readonly drops = new DropBook();
  private readonly problems: ReplayProblem[] = [];
  private readonly until: UnixMillis | null;
  /** Lines that are read and not yet taken. */
  private ahead: ReplayLine[] = [];
  private line = 0;
  private firstAt: UnixMillis | null = null;
  private now: UnixMillis = 0;
  private ruledAt: UnixMillis | null = null;
  private readonly counts = {
    lines: 0,
    events: 0,
    duplicates: 0,
    changes: 0,
    samples: 0,
    dropped: 0,
    badLines: 0,
    pages: 0,
    notifications: 0,
  };

  constructor(options: ReplayOptions) {
    this.options = options;
    this.until = options.until ?? null;
    const { settings, cmdb, correlator } = options;
    const routes =
      settings.routes.length > 0 ? settings.routes : [{ match: {}, receivers: [REPLAY_RECEIVER], continue: false }];
    this.state = createState({
      settings: { ...settings, routes },
      cmdb,
      ...(correlator === undefined ? {} : { correlator }),
    });
  }

  /** False: one of them lies beyond `until`, and so does the rest. */
  read(lines: Iterable<string>): boolean {
    for (const text of lines) {
      this.ahead.push(readReplayLine(text));
      if (this.ahead.length === READ_AHEAD && !this.takeAhead()) return false;
    }
    return this.takeAhead();
  }

  private takeAhead(): boolean {
    const lines = this.ahead;
    this.ahead = [];
    for (const line of lines) {
      this.line += 1;
      if (!this.take(line, this.line)) return false;
      if (this.line % 5000 === 0) this.options.onProgress?.(this.line);
    }
    return true;
  }

  private take(line: ReplayLine, number: number): boolean {
    if (line.type === "empty") return true;
    if (line.type === "bad") {
      this.counts.lines += 1;
      this.counts.badLines += 1;
      if (this.problems.length < PROBLEMS_KEPT) this.problems.push({ line: number, message: line.message });
      return true;
    }
    const at = Math.max(this.now, line.receivedAt);
    if (this.until !== null && at > this.until) return false;
    this.counts.lines += 1;
    this.firstAt ??= at;
    this.runTo(at);
    this.now = at;
    const { rules } = this.options;
    if (line.type === "sample") {
      this.counts.samples += 1;
      const { at: time, ...rest } = line.sample;
      this.run({ kind: "sample", at, sample: { ...rest, time } });
      for (const event of rules?.sample(line.sample, at) ?? []) this.runEvent(event, at);
      return true;
    }
    const event = rules === undefined ? line.event : rules.event(line.event);
    if ("dropped" in event) this.drop(line.event, event.dropped, at);
    else this.runEvent(event, at);
    return true;
  }

  private drop(event: Event, why: { rule: string; reason: string }, at: UnixMillis): void {
    this.counts.dropped += 1;
    const command = this.drops.note(event, why, at);
    if (command !== null) this.run({ kind: "command", at, actor: EVENT_RULES_ACTOR, command });
  }

  private runEvent(event: Event, at: UnixMillis): void {
    const outcome = this.run({ kind: "event", at, event });
    if (outcome !== null) this.bookEvent(event, outcome);
  }

  finish(): ReplayResult & { problems: ReplayProblem[] } {
    const end = this.until ?? this.now + AFTERWARDS_MS;
    if (this.firstAt !== null) {
      this.runTo(end);
      this.run({ kind: "tick", at: end });
    }
    const incidents = this.result();
    const episodes = this.allEpisodes();
    const { counts } = this;
    return {
      incidents,
      stats: {
        lines: counts.lines,
        events: counts.events,
        duplicates: counts.duplicates,
        changes: counts.changes,
        samples: counts.samples,
        dropped: counts.dropped,
        badLines: counts.badLines,
        alerts: episodes.length,
        incidents: incidents.filter((incident) => incident.mergedInto === null).length,
        pages: counts.pages,
        notifications: counts.notifications,
        suppressed: episodes.filter((episode) => episode.alert.incident === null).length,
        firstAt: formatTime(this.firstAt),
        lastAt: this.firstAt === null ? null : formatTime(this.now),
      },
      problems: this.problems,
    };
  }

  /** Lets virtual time run: the core is woken exactly when it asked to be. */
  private runTo(at: UnixMillis): void {
    if (this.counts.samples > 0) this.runRules(at);
    this.wake(at);
  }

  /** Absence is noticed in steps of ten seconds, as in the collector. */
  private runRules(at: UnixMillis): void {
    const { rules } = this.options;
    if (rules === undefined) return;
    this.ruledAt ??= at;
    while (this.ruledAt + RULES_EVERY_MS <= at) {
      this.ruledAt += RULES_EVERY_MS;
      for (const event of rules.tick(this.ruledAt)) {
        this.wake(this.ruledAt);
        this.now = Math.max(this.now, this.ruledAt);
        this.runEvent(event, this.now);
      }
    }
  }

  private wake(at: UnixMillis): void {
    if (!mayWake(this.state, at)) return;
    let ticks = 0;
    let last = -1;
    for (let wake = nextWakeAt(this.state); wake !== null && wake <= at; wake = nextWakeAt(this.state)) {
      ticks = wake === last ? ticks + 1 : 0;
      if (ticks > TICKS_AT_ONE_TIME_MAX)
        throw new Error(`the core asks again and again to be woken at ${formatTime(wake)}`);
      last = wake;
      this.run({ kind: "tick", at: wake });
    }
  }

  private run(input: Input): Outcome | null {
    let outcome: Outcome | null = null;
    for (const effect of step(this.state, input)) {
      switch (effect.kind) {
        case "outcome":
          outcome = effect.outcome;
          break;
        case "put":
          if (effect.entity.kind === "incident") this.incidents.set(effect.entity.id, effect.entity.value);
          else if (effect.entity.kind === "alert") this.bookAlert(effect.entity.value);
          break;
        case "notify":
          this.bookNotification(effect.notification);
          break;
        case "ledger":
          this.options.onLedger?.(effect.record);
          break;
        default:
          break;
      }
    }
    return outcome;
  }

  private bookEvent(event: Event, outcome: Outcome): void {
    if (outcome.status === "duplicate") {
      this.counts.duplicates += 1;
      return;
    }
    this.counts.events += 1;
    if (event.kind === "change") this.counts.changes += 1;
    if (outcome.status !== "accepted" || outcome.alert === null || event.status !== "firing" || !event.idGiven) return;
    const episode = this.episodes.get(outcome.alert);
    if (episode !== undefined) this.eventIds.add(event.id, episode);
  }

  private bookAlert(alert: Alert): void {
    const last = this.episodes.get(alert.id) ?? null;
    if (last !== null && last.alert.episode === alert.episode) last.alert = plainAlert(alert);
    else this.episodes.set(alert.id, { alert: plainAlert(alert), lastEvent: -1, before: last });
  }

  /** By alert, in the order in which these came first; of each the oldest first. */
  private allEpisodes(): Episode[] {
    const found: Episode[] = [];
    for (const last of this.episodes.values()) {
      const begin = found.length;
      for (let episode: Episode | null = last; episode !== null; episode = episode.before) found.push(episode);
      found.push(...found.splice(begin).reverse());
    }
    return found;
  }

  private bookNotification(notification: Extract<Effect, { kind: "notify" }>["notification"]): void {
    const { at, kind, page, receiver, document, reason, incident } = notification;
    this.counts.notifications += 1;
    if (page) this.counts.pages += 1;
    const list = this.notifications.get(incident) ?? [];
    this.notifications.set(incident, list);
    list.push({
      at: formatTime(at),
      kind,
      page,
      receiver,
      priority: document.priority,
      rootCause: document.rootCause.ci,
      reason,
    });
  }

  private result(): ReplayIncident[] {
    const alertsOf = new Map<string, ReplayAlert[]>();
    for (const one of this.allEpisodes()) {
      const { alert } = one;
      const { incident, episode } = alert;
      if (incident === null) continue;
      const list = alertsOf.get(incident) ?? [];
      alertsOf.set(incident, list);
      list.push({ ...alertDocument(alert), incident, episode, eventIds: this.eventIds.of(one) });
    }
    return [...this.incidents.values()]
      .sort((a, b) => a.number - b.number)
      .map((incident) => ({
        ...incidentDocument(incident, () => undefined, 0),
        alerts: alertsOf.get(incident.id) ?? [],
        notifications: this.notifications.get(incident.id) ?? [],
      }));
  }
}
