import type { Alert } from "../model/alert.ts";
import type { MaintenanceWindow } from "../model/ci.ts";
import { OUTCOME_TYPES } from "../model/fault-traits.ts";
import { faultCi, type Causes, type Influence } from "../model/influence.ts";
import { flaps, recentChanges } from "../model/flaps.ts";
import type { Topology } from "../model/topology.ts";
import { type Milliseconds, SPOOLED_AFTER_MS, type UnixMillis } from "../model/time.ts";

/** Why an alert is known noise, in plain words, and until when we leave it at that. */
export interface Background {
  rule: "info" | "chronic" | "maintenance" | "flapping" | "late";
  reason: string;
  until: UnixMillis | null;
}

/** A condition that its source has known for longer than this was there before anything that happens now. */
const CHRONIC_MS: Milliseconds = 60 * 60_000;
/** What flapped and fires now for so long, and so many times as long as it ever stayed in one state, has come to stay. */
const STAYS_MIN_MS: Milliseconds = 5 * 60_000;
const STAYS_TIMES = 3;
/** A fault bounces as it begins; what has gone up and down for longer than this is a sick sensor. */
const BOUNCE_MAX_MS: Milliseconds = 10 * 60_000;
/** What is critical and has flapped for so long, without a pause, is trouble of its own: one incident that says so. */
const FLAPS_ON_MS: Milliseconds = 10 * 60_000;
/** Work overruns; after this long an alert that began in the window is an ordinary one. */
const OVERRUN_MS: Milliseconds = 15 * 60_000;

/** The source's own word for "since when", under the names that tools use. */
function claimedSince(alert: Readonly<Alert>): UnixMillis | null {
  const since = alert.annotations["since"] ?? alert.annotations["firingSince"] ?? alert.labels["since"];
  if (since === undefined) return null;
  const at = Date.parse(since);
  return Number.isNaN(at) ? null : at;
}

export function chronic(alert: Readonly<Alert>, at: UnixMillis): Background | null {
  const since = claimedSince(alert);
  if (since === null || at - since < CHRONIC_MS) return null;
  const hours = Math.round((at - since) / 3_600_000);
  return {
    rule: "chronic",
    reason: `its source has reported it for ${hours} h; it began before anything that happens now`,
    until: null,
  };
}

export function late(alert: Readonly<Alert>, at: UnixMillis): Background | null {
  // How long its last word was under way, not how long ago that was: a live alert that is looked at again is not late.
  const wayMs = alert.lastSeenAt - alert.lastOccurredAt;
  if (claimedSince(alert) !== null || wayMs < SPOOLED_AFTER_MS) return null;
  const minutes = Math.round(wayMs / 60_000);
  return { rule: "late", reason: `it arrived ${minutes} min after its source saw it`, until: at + SPOOLED_AFTER_MS };
}

/** Whether it has gone up and down for so long that somebody must know, though it is no evidence of anything else. */
export function flapsOn({ severity, flapping: isHeld, firstSeenAt }: Readonly<Alert>, at: UnixMillis): boolean {
  return severity === "critical" && isHeld && at - firstSeenAt >= FLAPS_ON_MS;
}

/** Noise while it flaps; a critical condition that bounced as it began, and then stays, is one like any other. */
export function flapping(alert: Readonly<Alert>, at: UnixMillis): Background | null {
  if (!flaps(alert, at)) return null;
  const recent = recentChanges(alert, at);
  const reason = `it changed its state ${recent.length} times within the hour`;
  const isBounce = (recent.at(-1) ?? at) - (recent[0] ?? at) <= BOUNCE_MAX_MS;
  if (alert.severity !== "critical") return { rule: "flapping", reason, until: null };
  const flapsOnAt = alert.flapping && !flapsOn(alert, at) ? alert.firstSeenAt + FLAPS_ON_MS : null;
  if (!isBounce) return { rule: "flapping", reason, until: flapsOnAt };
  const staysAt = (recent.at(-1) ?? at) + Math.max(STAYS_MIN_MS, STAYS_TIMES * longestGap(recent));
  if (alert.sourceStatus === "firing" && at >= staysAt) return null;
  return { rule: "flapping", reason, until: Math.min(staysAt, flapsOnAt ?? staysAt) };
}

function longestGap(changes: readonly UnixMillis[]): Milliseconds {
  let longest = 0;
  for (let index = 1; index < changes.length; index += 1)
    longest = Math.max(longest, (changes[index] ?? 0) - (changes[index - 1] ?? 0));
  return longest;
}

/** The CIs that a maintenance window covers, with those that cannot work without them. */
export function coverage(window: Readonly<MaintenanceWindow>, topology: Topology, influence: Influence): Set<number> {
  const covered = new Set<number>();
  for (const name of window.cis) {
    const ci = topology.find(name);
    if (ci !== undefined) covered.add(ci);
  }
  if (!window.includeDependents) return covered;
  const queue = [...covered];
  for (let at = 0; at < queue.length; at += 1) {
    for (const edge of topology.neededBy(queue[at] ?? 0)) {
      if (covered.has(edge.ci) || !falls(edge.ci, edge.type, covered, influence)) continue;
      covered.add(edge.ci);
      queue.push(edge.ci);
    }
  }
  for (let ci = 0; ci < topology.size; ci += 1) {
    if (!covered.has(ci) && influence.reach.before(ci).some((point) => covered.has(point))) covered.add(ci);
  }
  return covered;
}

function falls(
  ci: number,
  type: string,
  covered: ReadonlySet<number>,
  { topology, reach }: Pick<Influence, "topology" | "reach">,
): boolean {
  if (type === "uses") return false;
  if (type === "connectsTo") {
    // In a ring a line is given in both directions: where we look from needs nobody's line, nor does who is nearer to it.
    const lines = topology.needs(ci).filter((edge) => edge.type === "connectsTo" && reach.leadsHome(ci, edge.ci));
    return lines.length > 0 && lines.every((edge) => covered.has(edge.ci));
  }
  if (type === "hasMember") {
    const members = topology.needs(ci).filter((edge) => edge.type === "hasMember");
    const healthy = members.filter((edge) => !covered.has(edge.ci)).length;
    return healthy < (topology.ci(ci).minHealthy ?? 1);
  }
  return true;
}

/** Planned work now, and the CIs it covers. Windows are few; the coverage of each is computed once. */
export class Maintenance {
  private readonly covers = new Map<string, Cover>();
  private readonly topology: Topology;
  private readonly influence: Influence;

  constructor(topology: Topology, influence: Influence) {
    this.topology = topology;
    this.influence = influence;
  }

  /** The window that explains an alert on this CI that began at `onset`; null when none does. */
  explains(
    ci: number,
    causes: Causes,
    onset: UnixMillis,
    windows: readonly Readonly<MaintenanceWindow>[],
  ): Background | null {
    for (const window of windows) {
      if (onset < window.from - 30_000 || onset > window.to) continue;
      const covered = this.coverOf(window);
      const by = covered.has(ci)
        ? ci
        : nearest(causes, covered, OUTCOME_TYPES.has(this.topology.ci(ci).type) ? NEAR_OUTCOME : NEAR);
      if (by === null) continue;
      const reason =
        by === ci
          ? `planned work ${window.id} covers ${this.topology.id(ci)}`
          : `planned work ${window.id} on ${this.topology.id(by)} explains it`;
      return { rule: "maintenance", reason, until: window.to + OVERRUN_MS };
    }
    return null;
  }

  /** Whether planned work at that time could, over some steps, be behind trouble of this CI. */
  isBehind(ci: number, onset: UnixMillis, windows: readonly Readonly<MaintenanceWindow>[]): boolean {
    for (const window of windows) {
      if (onset < window.from - 30_000 || onset > window.to) continue;
      const covered = this.coverOf(window);
      if (covered.has(ci) || nearest(this.influence.causes(ci, "errors"), covered, FAR) !== null) return true;
    }
    return false;
  }

  private coverOf(window: Readonly<MaintenanceWindow>): Set<number> {
    const { topology } = this;
    const key = JSON.stringify([window.cis, window.includeDependents]);
    const known = this.covers.get(window.id);
    if (known?.key === key && this.isUntouched(known) && this.follow(known, window)) return known.cis;
    const cis = coverage(window, topology, this.influence);
    this.covers.set(window.id, { key, cis, version: topology.version, size: topology.size });
    return cis;
  }

  /** No relation that the graph has gained since begins or ends at what is covered. */
  private isUntouched({ cis, version }: Cover): boolean {
    if (version === this.topology.version) return true;
    return this.topology.gainedSince(version).every(({ from, to }) => !cis.has(from) && !cis.has(to));
  }

  /** Takes in CIs that became known since. False: the window names one of them, and all is to be looked at. */
  private follow(known: Cover, window: Readonly<MaintenanceWindow>): boolean {
    const { topology, influence } = this;
    const from = known.size;
    known.size = topology.size;
    known.version = topology.version;
    if (from === topology.size) return true;
    if (window.cis.some((name) => (topology.find(name) ?? 0) >= from)) return false;
    if (!window.includeDependents) return true;
    for (let ci = from; ci < topology.size; ci += 1)
      if (influence.reach.before(ci).some((point) => known.cis.has(point))) known.cis.add(ci);
    return true;
  }
}

interface Cover {
  key: string;
  cis: Set<number>;
  /** Of the graph that it is known to be right for. */
  version: number;
  size: number;
}

/** A covered CI that by itself is a likely cause. */
const NEAR = 1.2;
const NEAR_OUTCOME = 2.2;
/** One that could be behind it, with several steps between. */
const FAR = 1.8;

function nearest(causes: Causes, covered: ReadonlySet<number>, limit: number): number | null {
  for (let index = 0; index < causes.keys.length && (causes.costs[index] ?? 9) <= limit; index += 1) {
    const ci = faultCi(causes.keys[index] ?? -1);
    if (covered.has(ci)) return ci;
  }
  return null;
}
