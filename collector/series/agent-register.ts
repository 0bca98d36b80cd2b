import type { Milliseconds, UnixMillis } from "../core/model/time.ts";
import { type AgentContact, type AgentDirectory, type AgentView, missingAfterMs } from "../port/agents.ts";
import type { Telemetry } from "../port/telemetry.ts";
import type { CollectorFinding } from "./collector-event.ts";

interface Entry {
  agentId: string;
  ci: string;
  version: string;
  intervalMs: Milliseconds;
  firstSeenAt: UnixMillis;
  lastSeenAt: UnixMillis;
  /** The process that was heard last, and the one before it. */
  run: string;
  formerRun: string;
  /** What was heard last of it was sent by a process that ends then. */
  isOnce: boolean;
  /** How often, lately, a process came back after the other one was heard: two that take turns. */
  turns: number;
  turnedAt: UnixMillis;
  /** When it was last heard between two messages of a rival; null = it has no rival. */
  rivalAt: UnixMillis | null;
}

export interface AgentRegisterOptions {
  now: () => UnixMillis;
  resolveCi: (name: string) => string;
  /** Live series of a CI. */
  seriesOf: (ci: string) => number;
  report: (finding: CollectorFinding) => void;
  telemetry: Telemetry;
}

const ENTRIES_MAX = 100_000;
const ID_LENGTH_MAX = 128;
/** An agent that was silent for so long is no longer listed; whether it is missing the core decides from its heartbeats. */
const FORGET_AFTER_MS: Milliseconds = 24 * 3_600_000;
/** A message of a process that has just ended may come after the first one of its successor: that is two turns, and no more. */
const TURNS_MIN = 3;

/**
 * Who was heard, and whether one identity is used twice: two agents that speak for one CI, or one agent's identity on two
 * CIs or by two processes, as a cloned machine does. Two are rivals only when they alternate: an agent that was installed anew comes after
 * the old one and never between two of its messages. One that says that it sends once and ends is tried by hand, and is nobody's rival.
 */
export class AgentRegister implements AgentDirectory {
  private readonly options: AgentRegisterOptions;
  private readonly entries = new Map<string, Entry>();
  private readonly byCi = new Map<string, Set<Entry>>();
  private readonly byAgent = new Map<string, Set<Entry>>();
  /** CIs with a duplicate that was reported. */
  private readonly reported = new Set<string>();

  constructor(options: AgentRegisterOptions) {
    this.options = options;
    options.telemetry.gauge("tocsin_agents", () => this.statusCounts());
  }

  heard(contact: AgentContact): void {
    const agentId = contact.agentId.slice(0, ID_LENGTH_MAX);
    const ci = this.options.resolveCi(contact.ci);
    const key = `${ci}\n${agentId}`;
    const known = this.entries.get(key);
    if (known === undefined) {
      if (this.entries.size < ENTRIES_MAX) this.add(key, { ...contact, agentId, ci });
      return;
    }
    const before = known.lastSeenAt;
    known.lastSeenAt = contact.at;
    known.intervalMs = contact.intervalMs;
    known.version = contact.version;
    known.isOnce = contact.isOnce;
    if (contact.isOnce) return;
    this.tookTurns(known, contact);
    for (const rival of this.rivals(known)) {
      const between = rival.lastSeenAt >= before && contact.at - rival.lastSeenAt <= windowMs(known, rival);
      if (between && rival.lastSeenAt !== contact.at) this.alternating(known, rival, contact.at);
    }
  }

  list(): AgentView[] {
    const now = this.options.now();
    return [...this.entries.values()]
      .map((entry) => ({
        agentId: entry.agentId,
        ci: entry.ci,
        version: entry.version,
        intervalMs: entry.intervalMs,
        firstSeenAt: entry.firstSeenAt,
        lastSeenAt: entry.lastSeenAt,
        status: statusOf(entry, now),
        duplicate: entry.rivalAt !== null,
        series: this.options.seriesOf(entry.ci),
      }))
      .sort((a, b) => compareText(a.ci, b.ci) || compareText(a.agentId, b.agentId));
  }

  cis(): string[] {
    return [...this.byCi.keys()].sort();
  }

  ciOf(agentId: string): string | undefined {
    return [...(this.byAgent.get(agentId) ?? [])].map((entry) => entry.ci).sort()[0];
  }

  speaksFor(ci: string): boolean {
    return this.byCi.has(ci);
  }

  reporting(): number {
    const now = this.options.now();
    let count = 0;
    for (const entry of this.entries.values()) if (statusOf(entry, now) === "reporting") count += 1;
    return count;
  }

  /** Ends what is over: rivals that no longer alternate, agents that were silent for a day. Called every few seconds. */
  sweep(now: UnixMillis): void {
    for (const [key, entry] of this.entries) {
      if (entry.rivalAt !== null && now - entry.rivalAt > 2 * missingAfterMs(entry.intervalMs)) entry.rivalAt = null;
      if (now - entry.lastSeenAt <= FORGET_AFTER_MS) continue;
      this.entries.delete(key);
      remove(this.byCi, entry.ci, entry);
      remove(this.byAgent, entry.agentId, entry);
    }
    for (const ci of this.reported) {
      if ([...(this.byCi.get(ci) ?? [])].some((entry) => entry.rivalAt !== null)) continue;
      this.reported.delete(ci);
      this.report(ci, "resolved", now, "Only one agent speaks for this CI now.");
    }
  }

  private add(key: string, contact: AgentContact): void {
    const entry: Entry = {
      agentId: contact.agentId,
      ci: contact.ci,
      version: contact.version,
      intervalMs: contact.intervalMs,
      firstSeenAt: contact.at,
      lastSeenAt: contact.at,
      run: contact.run,
      formerRun: "",
      isOnce: contact.isOnce,
      turns: 0,
      turnedAt: contact.at,
      rivalAt: null,
    };
    this.entries.set(key, entry);
    insert(this.byCi, entry.ci, entry);
    insert(this.byAgent, entry.agentId, entry);
  }

  /** Two processes with everything the same: the one that was replaced comes back, again and again. */
  private tookTurns(entry: Entry, { run, at }: AgentContact): void {
    if (run === "" || run === entry.run) return;
    const cameBack = run === entry.formerRun;
    const isLate = at - entry.turnedAt > windowMs(entry, entry);
    [entry.formerRun, entry.run] = [entry.run, run];
    entry.turns = cameBack ? (isLate ? 1 : entry.turns + 1) : 0;
    entry.turnedAt = at;
    if (entry.turns < TURNS_MIN) return;
    entry.rivalAt = at;
    if (this.reported.has(entry.ci)) return;
    this.reported.add(entry.ci);
    const summary = `Two agents with one identity (${entry.agentId}) speak for ${entry.ci}: a copied data directory. Delete it on the copy.`;
    this.report(entry.ci, "firing", at, summary);
  }

  private rivals(entry: Entry): Entry[] {
    const sameCi = this.byCi.get(entry.ci)!;
    const sameAgent = this.byAgent.get(entry.agentId)!;
    if (sameCi.size === 1 && sameAgent.size === 1) return [];
    return [...sameCi, ...sameAgent].filter((other) => other !== entry && !other.isOnce);
  }

  private alternating(entry: Entry, rival: Entry, at: UnixMillis): void {
    for (const each of [entry, rival]) each.rivalAt = at;
    const summary =
      entry.ci === rival.ci
        ? `Two agents speak for ${entry.ci} at the same time: ${[entry.agentId, rival.agentId].sort().join(" and ")}. Give one of them another ci.`
        : `One agent identity (${entry.agentId}) is used for ${[entry.ci, rival.ci].sort().join(" and ")}: a copied data directory. Delete it on the copy.`;
    for (const ci of new Set([entry.ci, rival.ci])) {
      if (this.reported.has(ci)) continue;
      this.reported.add(ci);
      this.report(ci, "firing", at, summary);
    }
  }

  private report(ci: string, status: "firing" | "resolved", at: UnixMillis, summary: string): void {
    this.options.report({ ci, check: "duplicate_agent", status, severity: "warning", summary, at });
  }

  private statusCounts(): { labels: { status: string }; value: number }[] {
    const reporting = this.reporting();
    const counts = { reporting, silent: this.entries.size - reporting };
    return Object.entries(counts).map(([status, value]) => ({ labels: { status }, value }));
  }
}

const statusOf = (entry: Entry, now: UnixMillis): "reporting" | "silent" =>
  now - entry.lastSeenAt > missingAfterMs(entry.intervalMs) ? "silent" : "reporting";

const windowMs = (a: Entry, b: Entry): Milliseconds => missingAfterMs(Math.max(a.intervalMs, b.intervalMs));

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function insert(index: Map<string, Set<Entry>>, key: string, entry: Entry): void {
  const set = index.get(key);
  if (set === undefined) index.set(key, new Set([entry]));
  else set.add(entry);
}

function remove(index: Map<string, Set<Entry>>, key: string, entry: Entry): void {
  const set = index.get(key);
  set?.delete(entry);
  if (set?.size === 0) index.delete(key);
}
