import type { WireEvent } from "../../protocol/agent-event.ts";
import { formatDuration } from "../../protocol/duration.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { readState, writeState } from "../spool/state-file.ts";

/** Something that is wrong now, as a rule or a watch found it. */
export interface Condition {
  check: string;
  /** "" where the check has only one on this CI. */
  instance: string;
  severity: WireEvent["severity"];
  /** Plain text. */
  summary: string;
  labels: Readonly<Record<string, string>>;
  /** When it began, milliseconds since 1970. */
  since: number;
  runbook: string | null;
  value: number | null;
  /** Attached later, see `annotate`. */
  annotations?: Readonly<Record<string, string>>;
}

/** Who found it: their conditions are confirmed after a restart each in their own way. */
export type ConditionOwner = "rule" | "watch";

interface Told {
  owner: ConditionOwner;
  condition: Condition;
  /** Monotonic; when it is to be told again. */
  repeatAtMs: number;
  /** Monotonic; told before a restart and not seen since: cleared when it was not confirmed by then. null = confirmed. */
  confirmByMs: number | null;
}

export interface ConditionBookOptions {
  ci: string;
  clock: Clock;
  log: Log;
  /** File that keeps what was told, across restarts. */
  path: string;
  nextId: () => string;
  send: (event: WireEvent) => void;
  /** A condition was told for the first time. */
  onTold?: (owner: ConditionOwner, condition: Condition) => void;
  /** Silence after which the collector may take a condition for gone; three repeats at least. */
  expiresAfterMs: number;
}

const REPEAT_MS = 60_000;
/** A host with more is broken in a way that the first thousand tell. */
const TOLD_MAX = 1000;

/**
 * Knows which conditions the collector was told, tells changes at once and what goes on every minute (so that one whose source
 * died does not stay open for ever), and clears after a restart what is no longer there.
 */
export class ConditionBook {
  readonly #options: ConditionBookOptions;
  readonly #told = new Map<string, Told>();
  #cancelSave: (() => void) | null = null;
  /** Conditions that were not told because there were too many. */
  overflow = 0;

  constructor(options: ConditionBookOptions) {
    this.#options = options;
    const stored = readState(options.path) as { owner: ConditionOwner; condition: Condition }[] | null;
    for (const { owner, condition } of Array.isArray(stored) ? stored.slice(0, TOLD_MAX) : [])
      this.#told.set(keyOf(owner, condition), { owner, condition, repeatAtMs: 0, confirmByMs: Number.NaN });
  }

  get size(): number {
    return this.#told.size;
  }

  /** It is wrong, still or now. An event goes out where that is new, or worse, or better. */
  fire(owner: ConditionOwner, condition: Condition, at: number): void {
    const key = keyOf(owner, condition);
    const known = this.#told.get(key);
    if (known !== undefined) {
      known.confirmByMs = null;
      const changed = known.condition.severity !== condition.severity;
      const { since, annotations } = known.condition;
      known.condition = { ...condition, since: Math.min(since, condition.since), ...(annotations && { annotations }) };
      if (changed) this.#tell(known, at);
      return;
    }
    if (this.#told.size >= TOLD_MAX) {
      if (this.overflow++ === 0)
        this.#options.log.error("too many conditions; further ones are not told", { max: TOLD_MAX });
      return;
    }
    const told: Told = { owner, condition, repeatAtMs: 0, confirmByMs: null };
    this.#told.set(key, told);
    this.#tell(told, at);
    this.#saveSoon();
    this.#options.onTold?.(owner, condition);
  }

  /** Attaches texts to a condition that is told still; they go out now and with each repeat. */
  annotate(
    owner: ConditionOwner,
    about: { check: string; instance: string },
    annotations: Readonly<Record<string, string>>,
    at: number,
  ): void {
    const known = this.#told.get(keyOf(owner, about));
    if (known === undefined) return;
    known.condition = { ...known.condition, annotations };
    this.#tell(known, at);
    this.#saveSoon();
  }

  /** As `annotate`, for the conditions that began last. */
  annotateNewest(count: number, annotations: Readonly<Record<string, string>>, at: number): void {
    const newest = [...this.#told.values()].sort((a, b) => b.condition.since - a.condition.since).slice(0, count);
    for (const { owner, condition } of newest) this.annotate(owner, condition, annotations, at);
  }

  /** It is not wrong (any more). Nothing goes out where it was not told. */
  clear(owner: ConditionOwner, about: { check: string; instance: string; summary?: string }, at: number): void {
    const key = keyOf(owner, about);
    const known = this.#told.get(key);
    if (known === undefined) return;
    this.#told.delete(key);
    const { condition } = known;
    this.#options.send({
      ...this.#eventOf(condition, at),
      status: "resolved",
      summary: about.summary ?? condition.summary,
    });
    this.#saveSoon();
  }

  /**
   * Whoever finds `owner`'s conditions has begun anew and knows nothing: what was told stays so until it is found again, or
   * until `graceMs` (by check) has passed.
   */
  unconfirm(owner: ConditionOwner, graceMs: (check: string) => number): void {
    for (const told of this.#told.values())
      if (told.owner === owner) told.confirmByMs = this.#options.clock.monotonic() + graceMs(told.condition.check);
  }

  /** Tells again what is due, and clears what was not confirmed in time. `mayRepeat` false while nobody can be reached. */
  tick(at: number, mayRepeat: boolean): void {
    const nowMs = this.#options.clock.monotonic();
    for (const told of this.#told.values()) {
      if (told.confirmByMs !== null && nowMs >= told.confirmByMs) {
        const { check, instance, summary } = told.condition;
        this.clear(told.owner, { check, instance, summary: `${summary} (not seen again)` }, at);
      } else if (mayRepeat && nowMs >= told.repeatAtMs) this.#tell(told, at);
    }
  }

  firing(): readonly Condition[] {
    return [...this.#told.values()].map((told) => told.condition);
  }

  #tell(told: Told, at: number): void {
    told.repeatAtMs = this.#options.clock.monotonic() + REPEAT_MS;
    this.#options.send({
      ...this.#eventOf(told.condition, at),
      status: "firing",
      expiresAfter: formatDuration(this.#options.expiresAfterMs),
    });
  }

  #eventOf(condition: Condition, at: number): Omit<WireEvent, "status"> {
    const { check, instance, severity, summary, labels, since, runbook, value, annotations = {} } = condition;
    const isLink = runbook !== null && /^https?:/.test(runbook);
    return {
      id: this.#options.nextId(),
      source: "agent",
      ci: this.#options.ci,
      check,
      ...(instance === "" ? {} : { instance }),
      severity,
      summary,
      time: new Date(at).toISOString(),
      labels: { ...labels },
      annotations: {
        ...annotations,
        since: new Date(since).toISOString(),
        ...(value === null ? {} : { value: String(value) }),
        ...(runbook === null || isLink ? {} : { runbook }),
      },
      ...(isLink ? { links: [{ href: runbook, text: "runbook" }] } : {}),
    };
  }

  /** Once for all that changes in one turn of the event loop. */
  #saveSoon(): void {
    this.#cancelSave ??= this.#options.clock.after(0, () => this.save());
  }

  /** Writes down now what was told. */
  save(): void {
    this.#cancelSave?.();
    this.#cancelSave = null;
    const list = [...this.#told.values()].map(({ owner, condition }) => ({ owner, condition }));
    try {
      writeState(this.#options.path, list, false);
    } catch (error) {
      // Without it a restart may leave a condition to expire by itself at the collector.
      this.#options.log.warn("what was told could not be written down", { error: String(error) });
    }
  }
}

function keyOf(owner: ConditionOwner, about: { check: string; instance: string }): string {
  return `${owner}\u0000${about.check}\u0000${about.instance}`;
}
