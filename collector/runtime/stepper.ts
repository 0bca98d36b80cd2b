import type { Outcome } from "../core/model/effect.ts";
import type { Input } from "../core/model/input.ts";
import type { Milliseconds, UnixMillis } from "../core/model/time.ts";
import type { Clock } from "../port/clock.ts";
import type { Submission } from "../port/intake.ts";
import type { Telemetry } from "../port/telemetry.ts";
import type { ArrivalTime } from "./arrival-time.ts";
import { Batch, type WaitingReport } from "./batch.ts";
import type { Core } from "./core.ts";
import { type Inbox } from "./inbox.ts";
import { sizeOf } from "./submission-size.ts";
import { NOTHING_CAME_OF_IT, type Ticket } from "./ticket.ts";

export interface StepperLimits {
  batchInputsMax: number;
  batchSizeBytesMax: number;
  /** The core works at most this long before others get their turn. */
  sliceMs: Milliseconds;
}

export interface StepperOptions {
  core: Core;
  time: ArrivalTime;
  inbox: Inbox;
  clock: Clock;
  telemetry: Telemetry;
  limits: StepperLimits;
}

/** Between two ticks, should the core ask for one again at once and somebody wait for an answer … */
const TICK_MIN_MS: Milliseconds = 20;
/** … and so many times as long as the last one took. When nothing has come for a moment, as long as it took. */
const TICK_REST = 6;
const CALM_MS: Milliseconds = 100;
/** Submissions stepped with the same time, and between two looks for what has become due. */
const STEPS_A_LOOK = 32;

/** The core threw: a bug, and its state cannot be trusted any more. */
export class CoreFailure extends Error {
  readonly input: Input;
  /** What made it fail, when it was a submission of somebody. */
  readonly ticket: Ticket | undefined;

  constructor(input: Input, ticket: Ticket | undefined, cause: unknown) {
    super(`the core failed on ${input.kind}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.input = input;
    this.ticket = ticket;
  }
}

/** Drives one core: turns what waits into inputs, in order of rank, and collects what they did in the open batch. */
export class Stepper {
  readonly core: Core;
  reports: WaitingReport[] = [];
  private readonly options: StepperOptions;
  private open: Batch;
  private openSizeBytes = 0;
  /** Something was left out in the open batch: that is committed before the core may fail again, or it would never be over. */
  private isFenced = false;
  /** Monotonic: when something was last taken from the inbox, about. */
  private ticketAt: Milliseconds = Number.NEGATIVE_INFINITY;
  /** The last tick; `endedAt` is monotonic. */
  private ticked: { tookMs: Milliseconds; endedAt: Milliseconds } = { tookMs: 0, endedAt: 0 };
  /** Inputs by kind since they were last counted: a counter for each would cost more than many a step. */
  private readonly stepped = new Map<Input["kind"], number>();

  constructor(options: StepperOptions) {
    this.options = options;
    this.core = options.core;
    this.open = this.fresh();
  }

  get batch(): Batch {
    return this.open;
  }

  /** Takes the open batch away; a new one begins. */
  take(): Batch {
    const { open } = this;
    for (const [kind, by] of this.stepped) this.options.telemetry.count("tocsin_inputs_total", { kind }, by);
    this.stepped.clear();
    this.open = this.fresh();
    this.openSizeBytes = 0;
    this.isFenced = false;
    return open;
  }

  /**
   * Steps what waits until nothing waits, the batch is full or the slice is over.
   * @param withDeposits false: those are left where they are.
   * @returns true when it would go on at once: call again when others had their turn.
   * @throws CoreFailure
   */
  fill(withDeposits: boolean): boolean {
    const { inbox, clock, limits } = this.options;
    const end = clock.monotonic() + limits.sliceMs;
    for (;;) {
      const at = this.look();
      if (this.isFenced || this.open.inputs >= limits.batchInputsMax || this.openSizeBytes >= limits.batchSizeBytesMax)
        return false;
      const report = this.reports.shift();
      if (report !== undefined) this.stepReport(report, at);
      else {
        const ticket = inbox.first(withDeposits);
        if (ticket === undefined) return false;
        this.stepTicket(ticket, at, end);
      }
      if (clock.monotonic() >= end) return inbox.first(withDeposits) !== undefined || this.reports.length > 0;
    }
  }

  /** Time passes for the core: gaps first, then ticks that are due. Every step tells the core the time, so under load none is. */
  private look(): UnixMillis {
    const { at, gapFrom } = this.options.time.read();
    if (gapFrom !== null) {
      this.options.telemetry.count("tocsin_not_observing_total");
      this.step({ kind: "restarted", at, from: gapFrom }, undefined);
    }
    const wakeAt = this.core.nextWakeAt();
    if (wakeAt !== null && wakeAt <= at && this.mayTick()) {
      const { clock } = this.options;
      const beganAt = clock.monotonic();
      this.step({ kind: "tick", at }, undefined);
      const endedAt = clock.monotonic();
      this.ticked = { tookMs: endedAt - beganAt, endedAt };
    }
    return at;
  }

  /** A surge keeps ticks busy for seconds: while others wait, they get the larger part of the time. */
  private mayTick(): boolean {
    const now = this.options.clock.monotonic();
    const { tookMs, endedAt } = this.ticked;
    const isCalm = now - this.ticketAt > CALM_MS;
    return now >= endedAt + (isCalm ? tookMs : Math.max(TICK_MIN_MS, TICK_REST * tookMs));
  }

  private stepReport(report: WaitingReport, at: UnixMillis): void {
    this.open.reports.push(report);
    this.open.outboxChanges.push(...report.changes);
    for (const outcome of report.outcomes) this.step({ kind: "delivery", at, outcome }, undefined);
  }

  /** @param timeUp monotonic: no further submission is begun then. One can be long: a verdict on a large incident. */
  private stepTicket(ticket: Ticket, at: UnixMillis, timeUp: Milliseconds): void {
    const { submissions, outcomes } = ticket;
    this.open.begin(ticket);
    this.ticketAt = timeUp;
    const end = Math.min(submissions.length, outcomes.length + STEPS_A_LOOK);
    while (outcomes.length < end) {
      const submission = submissions.at(outcomes.length) ?? LEFT_OUT;
      this.openSizeBytes += sizeOf(submission);
      if (submission.kind === "leftOut") outcomes.push(NOTHING_CAME_OF_IT);
      else if (ticket.poison?.has(outcomes.length) === true) this.leaveOut(ticket);
      else outcomes.push(this.step({ ...submission, at }, ticket));
      if (this.isFenced || this.options.clock.monotonic() >= timeUp) break;
    }
    if (outcomes.length < submissions.length) return;
    this.options.inbox.shift(ticket);
    this.open.tickets.push(ticket);
  }

  private leaveOut({ outcomes }: Ticket): void {
    outcomes.push(POISON);
    this.isFenced = true;
    this.open.isDue = true;
  }

  /** @throws CoreFailure */
  step(input: Input, ticket: Ticket | undefined): Outcome {
    let effects: ReturnType<Core["step"]>;
    try {
      effects = this.core.step(input);
    } catch (error) {
      throw new CoreFailure(input, ticket, error);
    }
    this.stepped.set(input.kind, (this.stepped.get(input.kind) ?? 0) + 1);
    return this.open.add(input, effects);
  }

  /**
   * Undoes the open batch after a failure: what it took goes back to where it waited, in order, save what the core failed on.
   * The core is not undone: it must be thrown away.
   */
  rewind(failure: CoreFailure): void {
    const { inbox } = this.options;
    const { ticket, input } = failure;
    if (ticket !== undefined) ticket.poison = (ticket.poison ?? new Set()).add(ticket.outcomes.length);
    const { begun, tickets, reports } = this.take();
    for (const [begunTicket, before] of begun) begunTicket.outcomes.length = before;
    inbox.giveBack(tickets);
    const poisoned = input.kind === "delivery" ? input.outcome : undefined;
    this.reports.unshift(
      ...reports.map((report) => ({ ...report, outcomes: report.outcomes.filter((outcome) => outcome !== poisoned) })),
    );
  }

  private fresh(): Batch {
    const { telemetry, core } = this.options;
    return new Batch(
      (metric, labels, by) => telemetry.count(metric, labels, by),
      (id) => core.alert(id),
      { alert: (id) => core.noted(id), incident: (id) => core.threadOf(id) },
    );
  }
}

const LEFT_OUT: Submission = { kind: "leftOut" };
const POISON: Outcome = {
  status: "rejected",
  code: "internalError",
  message: "this made the collector fail and was left out; the log of the collector has it",
};
