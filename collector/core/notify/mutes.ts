import { alertLabel } from "../model/alert-label.ts";
import type { Alert } from "../model/alert.ts";
import type { MaintenanceWindow } from "../model/ci.ts";
import { dependentsOf } from "../model/dependents.ts";
import { matchesAll } from "../model/matcher.ts";
import { byText } from "../model/order.ts";
import type { Inhibition } from "../model/settings.ts";
import type { Silence } from "../model/silence.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import type { TimerQueue } from "../model/timer-queue.ts";
import type { Topology } from "../model/topology.ts";
import { Inhibitions } from "./inhibitions.ts";
import type { AlertId } from "../model/identity.ts";

interface Cover {
  window: MaintenanceWindow;
  /** From the CMDB (not stored), or put by a person. */
  isDeclared: boolean;
  /** Ids of the CIs it covers. */
  cis: Set<string>;
  /** Of the graph that this is right for. */
  version: number;
}

/** Work rarely ends on the minute: what began in the window may clear for this long after it. */
export const OVERRUN_MS: Milliseconds = 5 * 60_000;
/** An ended silence is kept for readers for this long. */
const ENDED_KEPT_MS: Milliseconds = 5 * 24 * 3_600_000;

/**
 * What keeps alerts from being told: silences, maintenance windows and inhibitions. Answers with reasons
 * (`silence:ID`, `maintenance:ID`, `inhibition:ALERT`); says when to ask again through the timers `silence ID`, `window ID`.
 */
export class Mutes {
  private readonly timers: TimerQueue;
  private readonly silencesById = new Map<string, Silence>();
  private readonly covers = new Map<string, Cover>();
  /** The CMDB's, those too that a person's window of the same id stands in for. */
  private declared: readonly MaintenanceWindow[] = [];
  private readonly inhibitions = new Inhibitions();
  private topology: Topology | null = null;

  constructor(timers: TimerQueue) {
    this.timers = timers;
  }

  /** After this, track every active alert again. */
  takeSettings(inhibitions: readonly Inhibition[]): void {
    this.inhibitions.take(inhibitions);
  }

  /** The CMDB's windows, in place of those it had; coverage of all is computed anew. */
  takeWindows(windows: readonly MaintenanceWindow[], topology: Topology, at: UnixMillis): void {
    this.topology = topology;
    this.declared = windows;
    for (const [id, cover] of this.covers) if (cover.isDeclared) this.covers.delete(id);
    for (const cover of this.covers.values()) {
      cover.cis = coveredCis(cover.window, topology);
      cover.version = topology.version;
    }
    for (const window of windows) this.enterWindow(window, true, topology, at);
  }

  restore(
    silences: readonly Silence[],
    windows: readonly MaintenanceWindow[],
    topology: Topology,
    at: UnixMillis,
  ): void {
    this.topology = topology;
    for (const silence of [...silences].sort((a, b) => byText(a.id, b.id))) this.putSilence(silence, at);
    for (const window of [...windows].sort((a, b) => byText(a.id, b.id))) this.enterWindow(window, false, topology, at);
  }

  putSilence(silence: Silence, at: UnixMillis): void {
    this.silencesById.set(silence.id, silence);
    this.scheduleSilence(silence, at);
  }

  silence(id: string): Silence | undefined {
    return this.silencesById.get(id);
  }

  /** By id; with those that have ended and are still kept. */
  silences(): Silence[] {
    return [...this.silencesById.values()].sort((a, b) => byText(a.id, b.id));
  }

  /** True when it has ended for so long that it is forgotten now. */
  wakeSilence(id: string, at: UnixMillis): boolean {
    const silence = this.silencesById.get(id);
    if (silence === undefined) return false;
    if (at >= silence.endsAt + ENDED_KEPT_MS) {
      this.silencesById.delete(id);
      return true;
    }
    this.scheduleSilence(silence, at);
    return false;
  }

  enterWindow(window: MaintenanceWindow, isDeclared: boolean, topology: Topology, at: UnixMillis): void {
    const known = this.covers.get(window.id);
    // A person's window wins over one of the same id in the CMDB.
    if (isDeclared && known !== undefined && !known.isDeclared) return;
    const cis = coveredCis(window, topology);
    this.covers.set(window.id, { window, isDeclared, cis, version: topology.version });
    this.scheduleWindow(window, at);
  }

  /** Removes a person's window: one of the same id in the CMDB holds again. "declared": it is the CMDB's, and stays. */
  removeWindow(id: string, topology: Topology, at: UnixMillis): "removed" | "declared" | "unknown" {
    const known = this.covers.get(id);
    if (known === undefined) return "unknown";
    if (known.isDeclared) return "declared";
    this.timers.cancel(`window ${id}`);
    this.covers.delete(id);
    const declared = this.declared.find((window) => window.id === id);
    if (declared !== undefined) this.enterWindow(declared, true, topology, at);
    return "removed";
  }

  wakeWindow(id: string, at: UnixMillis): void {
    const cover = this.covers.get(id);
    if (cover !== undefined) this.scheduleWindow(cover.window, at);
  }

  /** By id. */
  windows(): readonly MaintenanceWindow[] {
    return [...this.covers.values()].map((cover) => cover.window).sort((a, b) => byText(a.id, b.id));
  }

  /** The alert began, changed or ended: returns the others whose muting may have changed, sorted by id. */
  track(alert: Readonly<Alert>): AlertId[] {
    return this.inhibitions.file(alert);
  }

  /** Why this active alert is not to be told, sorted; empty = it may be. */
  reasonsFor(alert: Readonly<Alert>, at: UnixMillis): string[] {
    const reasons: string[] = [];
    for (const silence of this.silencesById.values()) {
      if (silence.startsAt > at || silence.endsAt <= at) continue;
      if (matchesAll(silence.matchers, (name) => alertLabel(alert, name))) reasons.push(`silence:${silence.id}`);
    }
    for (const cover of this.covers.values()) {
      const { window } = cover;
      if (covers(window, alert, at) && this.coveredBy(cover).has(alert.ci)) reasons.push(`maintenance:${window.id}`);
    }
    if (!this.inhibitions.isEmpty) {
      for (const id of this.inhibitions.inhibitorsOf(alert)) reasons.push(`inhibition:${id}`);
    }
    return reasons.length > 1 ? reasons.sort(byText) : reasons;
  }

  /** By the graph as it is now: it may have gained relations since. */
  private coveredBy(cover: Cover): ReadonlySet<string> {
    const { topology } = this;
    if (topology !== null && cover.version !== topology.version) {
      cover.cis = coveredCis(cover.window, topology);
      cover.version = topology.version;
    }
    return cover.cis;
  }

  private scheduleSilence(silence: Silence, at: UnixMillis): void {
    const next = [silence.startsAt, silence.endsAt, silence.endsAt + ENDED_KEPT_MS].find((time) => time > at);
    this.timers.cancel(`silence ${silence.id}`);
    if (next !== undefined) this.timers.schedule(`silence ${silence.id}`, next);
  }

  private scheduleWindow(window: MaintenanceWindow, at: UnixMillis): void {
    const next = [window.from, window.to, window.to + OVERRUN_MS].find((time) => time > at);
    this.timers.cancel(`window ${window.id}`);
    if (next !== undefined) this.timers.schedule(`window ${window.id}`, next);
  }
}

/** In the window; after it, for a while, what began in it. */
function covers(window: Readonly<MaintenanceWindow>, alert: Readonly<Alert>, at: UnixMillis): boolean {
  if (at < window.from) return false;
  if (at < window.to) return true;
  return at < window.to + OVERRUN_MS && alert.firstSeenAt >= window.from && alert.firstSeenAt < window.to;
}

function coveredCis(window: Readonly<MaintenanceWindow>, topology: Topology): Set<string> {
  const named = window.cis.map((name) => topology.register(name));
  const all = window.includeDependents ? dependentsOf(topology, named) : new Set(named);
  return new Set([...all].map((index) => topology.id(index)));
}
