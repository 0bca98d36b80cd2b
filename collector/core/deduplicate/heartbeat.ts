import { byText } from "../model/order.ts";
import type { CiId } from "../model/ci.ts";
import type { Event } from "../model/event.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import type { TimerQueue } from "../model/timer-queue.ts";
import type { Turn } from "../model/turn.ts";

/** What the absence of an agent is told as. */
export const OWN_SOURCE = "collector";
export const AGENT_MISSING = "agent_missing";

/** An agent that is expected to be heard: the stored form. When it was heard is kept in memory only. */
export interface ExpectedAgent {
  ci: CiId;
  agent: string;
  /** By which the agent calls its CI, where that is an alias: whose it is may change with the CMDB. */
  name?: string;
  missingAfterMs: Milliseconds;
  /** Its absence has been told, and it has not been heard since; a person may have resolved its alert meanwhile. */
  isMissing?: boolean;
}

interface Watched extends ExpectedAgent {
  name: string;
  heardAt: UnixMillis;
  isMissing: boolean;
}

/** One sign of life, as the agent gave it. */
export interface Heartbeat {
  /** Its CI, as it calls it. */
  ci: string;
  agent: string;
  missingAfterMs: Milliseconds;
}

/** Until it is looked at again: an agent is expected for three of its intervals, and gets two more after a restart. */
const RESTART_GRACE = 2 / 3;

/** The dead-man's switch of every agent. Absence is concluded only from a time in which we were listening. */
export class Heartbeats {
  private readonly byCi = new Map<CiId, Watched>();
  /** Where an agent is watched that calls its CI by another name than the CMDB does. */
  private readonly byAlias = new Map<string, CiId>();
  private readonly timers: TimerQueue;

  constructor(timers: TimerQueue) {
    this.timers = timers;
  }

  /** How many agents are expected. */
  get size(): number {
    return this.byCi.size;
  }

  /** An agent was heard, and this is its CI. Returns the events that end its absence, when it was missing. */
  heard(turn: Turn, ci: CiId, { ci: name, agent, missingAfterMs }: Heartbeat): readonly Event[] {
    const known = this.byCi.get(ci);
    if (
      known !== undefined &&
      known.agent === agent &&
      known.name === name &&
      known.missingAfterMs === missingAfterMs &&
      !known.isMissing
    ) {
      known.heardAt = turn.at;
      return NOTHING;
    }
    const back: Event[] = [];
    // The CMDB says no more that the name means that CI: nobody will be heard there.
    const left = this.byAlias.get(name);
    const ended = left === undefined || left === ci ? undefined : this.forget(turn, left);
    if (ended !== undefined && ended !== null) back.push(ended);
    const watched: Watched = { ci, agent, name, missingAfterMs, heardAt: turn.at, isMissing: false };
    this.watch(watched);
    this.timers.cancel(`agent ${ci}`);
    this.timers.schedule(`agent ${ci}`, turn.at + missingAfterMs);
    turn.put({ kind: "agent", id: ci, value: stored(watched) });
    if (known?.isMissing === true) back.push(missing(watched, "resolved", turn.at));
    return back;
  }

  /** Its time has come. Returns the event that tells of its absence, when it was not heard. */
  wake(turn: Turn, ci: CiId): Event | null {
    const watched = this.byCi.get(ci);
    if (watched === undefined || watched.isMissing) return null;
    const deadline = watched.heardAt + watched.missingAfterMs;
    if (turn.at < deadline) {
      this.timers.schedule(`agent ${ci}`, deadline);
      return null;
    }
    watched.isMissing = true;
    turn.put({ kind: "agent", id: ci, value: stored(watched) });
    return missing(watched, "firing", turn.at);
  }

  /** After we were not listening: every agent gets time to speak. */
  grace(at: UnixMillis): void {
    for (const watched of this.byCi.values()) {
      if (watched.isMissing) continue;
      watched.heardAt = at + Math.ceil(watched.missingAfterMs * RESTART_GRACE);
      this.timers.cancel(`agent ${watched.ci}`);
      this.timers.schedule(`agent ${watched.ci}`, watched.heardAt + watched.missingAfterMs);
    }
  }

  /** From the store. `isFiring`: the alert of its absence is. Without other knowledge it counts as heard at `at`. */
  restore(expected: ExpectedAgent, isFiring: boolean, at: UnixMillis): void {
    const isMissing = isFiring || expected.isMissing === true;
    this.watch({ ...expected, name: expected.name ?? expected.ci, heardAt: at, isMissing });
    if (!isMissing) this.timers.schedule(`agent ${expected.ci}`, at + expected.missingAfterMs);
  }

  /** It is gone for good. Returns the event that ends its absence, when it was missing; undefined = not expected anyway. */
  forget(turn: Turn, ci: CiId): Event | null | undefined {
    const watched = this.byCi.get(ci);
    if (watched === undefined) return undefined;
    this.leave(watched);
    this.timers.cancel(`agent ${ci}`);
    turn.remove("agent", ci);
    return watched.isMissing ? missing(watched, "resolved", turn.at) : null;
  }

  /** After names have changed. Under both names, the one heard last counts. */
  rename(turn: Turn, nameNow: (ci: CiId) => CiId): void {
    for (const watched of [...this.byCi.values()].sort((a, b) => byText(a.ci, b.ci))) {
      const ci = nameNow(watched.ci);
      if (ci === watched.ci) continue;
      this.leave(watched);
      this.timers.cancel(`agent ${watched.ci}`);
      turn.remove("agent", watched.ci);
      const twin = this.byCi.get(ci);
      if (twin !== undefined && twin.heardAt >= watched.heardAt) continue;
      const renamed = { ...watched, ci };
      this.watch(renamed);
      this.timers.cancel(`agent ${ci}`);
      if (!renamed.isMissing) this.timers.schedule(`agent ${ci}`, renamed.heardAt + renamed.missingAfterMs);
      turn.put({ kind: "agent", id: ci, value: stored(renamed) });
    }
  }

  private watch(watched: Watched): void {
    const { ci, name } = watched;
    const before = this.byCi.get(ci);
    if (before !== undefined) this.leave(before);
    this.byCi.set(ci, watched);
    if (name !== ci) this.byAlias.set(name, ci);
  }

  private leave({ ci, name }: Watched): void {
    this.byCi.delete(ci);
    if (this.byAlias.get(name) === ci) this.byAlias.delete(name);
  }

  isMissing(ci: CiId): boolean {
    return this.byCi.get(ci)?.isMissing ?? false;
  }

  isExpected(ci: CiId): boolean {
    return this.byCi.has(ci);
  }

  /** By CI. */
  list(): ExpectedAgent[] {
    return [...this.byCi.values()].map(stored).sort((a, b) => byText(a.ci, b.ci));
  }
}

const NOTHING: readonly Event[] = [];

function stored({ ci, agent, name, missingAfterMs, isMissing }: Watched): ExpectedAgent {
  return {
    ci,
    agent,
    ...(name === ci ? {} : { name }),
    missingAfterMs,
    ...(isMissing ? { isMissing } : {}),
  };
}

function missing(watched: Watched, status: "firing" | "resolved", at: UnixMillis): Event {
  const silentS = Math.round((at - watched.heardAt) / 1000);
  return {
    id: `${AGENT_MISSING} ${watched.ci} ${at} ${status}`,
    idGiven: false,
    source: OWN_SOURCE,
    ci: watched.ci,
    check: AGENT_MISSING,
    instance: "",
    kind: "alert",
    status,
    severity: "critical",
    summary:
      status === "firing"
        ? `Agent on ${watched.ci} was not heard for ${silentS} s`
        : `Agent on ${watched.ci} is heard again`,
    occurredAt: at,
    labels: { agent: watched.agent },
    annotations: {},
    links: [],
    expiresAfterMs: null,
  };
}
