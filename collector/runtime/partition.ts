import type { Milliseconds } from "../core/model/time.ts";
import {
  type DepositResult,
  type IntakeResult,
  type IntakeWithDeposit,
  LANES,
  type Lane,
  type Letter,
  type LetterReader,
  type Submission,
} from "../port/intake.ts";
import type { Progress, Readiness } from "../port/progress.ts";
import type { ChangeFeed } from "../port/query.ts";
import type { Snapshot } from "../port/store.ts";
import { ArrivalTime } from "./arrival-time.ts";
import type { Batch, DeliveryReport } from "./batch.ts";
import { CommittedChanges } from "./change-feed.ts";
import { Committer } from "./committer.ts";
import type { Core } from "./core.ts";
import { Deposits } from "./deposits.ts";
import { Inbox } from "./inbox.ts";
import { type Ticket, answerTicket, createTicket } from "./ticket.ts";
import { DEFAULT_PARTITION_LIMITS, type PartitionLimits, type PartitionOptions } from "./partition-options.ts";
import { CoreFailure, Stepper } from "./stepper.ts";
import { StoredReader } from "./stored-form.ts";

/**
 * running: all is well. stalled: the store cannot commit and is tried again. rebuilding: the core has failed and is built
 * anew. ending: what was stepped is made durable, nothing else is taken. ended: nothing more will become durable.
 */
type State = "starting" | "running" | "stalled" | "rebuilding" | "ending" | "ended";

const BEAT_MS: Milliseconds = 1_000;
const FIRST_BEAT_MS: Milliseconds = 500;
/** Nobody else may come to say that a burst is over. */
const HELD_BEAT_MS: Milliseconds = 10;
const RETRY_AFTER_MIN_MS: Milliseconds = 1_000;
const RETRY_AFTER_MAX_MS: Milliseconds = 30_000;
/** So often a failed core is built anew within `REBUILD_WINDOW_MS`; one more failure ends the process. */
const REBUILDS_MAX = 3;
const REBUILD_WINDOW_MS: Milliseconds = 60_000;

export function createPartition(options: PartitionOptions): Partition {
  return new Partition(options);
}

/**
 * One ordered stream of inputs, one core, one writer. Takes what has arrived, steps it, makes it durable in one commit, and
 * only then answers. While a commit is on its way the next batch is stepped: the slower the disk, the larger the batches, so
 * that throughput does not hang on the time a sync takes, and an idle collector answers after one sync.
 */
export class Partition implements IntakeWithDeposit {
  readonly feed: ChangeFeed;
  readonly progress: readonly Progress[];
  private readonly options: PartitionOptions;
  private readonly limits: PartitionLimits;
  private readonly changes: CommittedChanges;
  private readonly inbox: Inbox;
  private readonly committer: Committer;
  private readonly deposits: Deposits;
  private stepper: Stepper | undefined;
  private time: ArrivalTime;
  private sequence = 0;
  private state: State = "starting";
  private reason = "the collector is starting";
  private shedReason: string | undefined;
  private pumpIsSoon = false;
  /** Deposits are left for later. */
  private isHolding = false;
  private cancelTimer: (() => void) | undefined;
  private cancelPatience: (() => void) | undefined;
  private inputsPerMs = 0;
  private rebuiltAt: Milliseconds[] = [];
  private committing: Promise<void> = Promise.resolve();
  private rebuilding: Promise<void> = Promise.resolve();
  private whenIdle: (() => void) | undefined;
  /** Who waits to read what is durable. */
  private readonly readers = new Set<() => void>();

  constructor(options: PartitionOptions) {
    this.options = options;
    this.limits = { ...DEFAULT_PARTITION_LIMITS, ...options.limits };
    this.changes = new CommittedChanges(options.log, options.telemetry);
    this.feed = this.changes;
    this.inbox = new Inbox(this.limits);
    this.deposits = new Deposits({ ...options, heldInputsMin: this.limits.heldInputsMin });
    this.time = new ArrivalTime(options.clock, 0);
    this.committer = new Committer({
      ...options,
      onStall: (reason) => this.stall(reason),
      onResume: () => this.resume(),
    });
    this.progress = [
      { name: "commit", limitMs: 10_000, waitingMs: () => this.committer.waitingMs },
      { name: "inbox", limitMs: 30_000, waitingMs: () => this.inboxWaitingMs() },
    ];
    const inputsOfLanes = () => LANES.map((lane) => ({ labels: { lane }, value: this.inbox.inputsOf(lane) }));
    options.telemetry.gauge("tocsin_inbox_inputs", inputsOfLanes);
    options.telemetry.gauge("tocsin_inbox_bytes", () => this.inbox.sizeBytes);
  }

  /**
   * Opens the store and builds the core. Throws for the operator. What waits to be delivered goes to `onOutbox` before
   * anything new does.
   */
  async start(): Promise<void> {
    const { snapshot, core } = await this.load();
    this.sequence = snapshot.sequence;
    this.time = new ArrivalTime(this.options.clock, snapshot.at);
    this.stepper = this.drive(core);
    if (snapshot.outbox.length > 0) this.options.onOutbox(snapshot.outbox);
    for (const ticket of this.deposits.restore(snapshot.deposits, this.options.clock.monotonic()))
      this.inbox.admit(ticket);
    if (snapshot.sequence > 0)
      this.stepper.step({ kind: "restarted", at: this.time.read().at, from: snapshot.at }, undefined);
    this.state = "running";
    // What has become due meanwhile may be seconds of work, and whoever starts us wants to listen first.
    this.cancelTimer = this.options.clock.after(FIRST_BEAT_MS, () => this.beat());
  }

  /** How far the stream has come: one more with each input that is durable. */
  get position(): number {
    return this.sequence;
  }

  /** The live core, for reads between two steps. Another one after a failure: do not keep it. */
  get core(): Core {
    if (this.stepper === undefined) throw new Error("the partition has not started");
    return this.stepper.core;
  }

  async submit(submissions: readonly Submission[], lane: Lane): Promise<IntakeResult> {
    if (submissions.length === 0) return { status: "committed", outcomes: [] };
    const ticket = createTicket(submissions, lane, this.options.clock.monotonic());
    const refusal = this.offer(ticket);
    if (refusal !== undefined) return refusal;
    return new Promise((resolve) => {
      ticket.answer = (result) => resolve(result as IntakeResult);
    });
  }

  async deposit(letter: Letter, lane: Lane): Promise<DepositResult> {
    if (letter.inputs === 0) return { status: "committed", outcomes: [] };
    const ticket = this.deposits.open(letter, lane, this.options.clock.monotonic());
    const refusal = this.offer(ticket);
    if (refusal !== undefined) return refusal;
    this.deposits.taken(ticket);
    return new Promise((resolve) => {
      ticket.answer = resolve;
    });
  }

  readLetters(reader: string, read: LetterReader): void {
    for (const ticket of this.deposits.read(reader, read, this.options.clock.monotonic())) this.inbox.admit(ticket);
    this.soon();
  }

  /**
   * Resolves when the core has seen all that was deposited until now, or does not come to it; undefined = it has. Who reads
   * without waiting may miss what was acknowledged a moment ago.
   */
  deposited(): Promise<void> | undefined {
    const seen = this.state === "running" ? this.deposits.seen() : undefined;
    if (seen === undefined) return undefined;
    this.soon();
    return new Promise((resolve) => {
      const cancel = this.options.clock.after(this.limits.patienceMs, resolve);
      void seen.then(() => {
        cancel();
        resolve();
      });
    });
  }

  /** Gives back the refusal, if it is one. */
  private offer(ticket: Ticket): IntakeResult | undefined {
    const { lane, submissions } = ticket;
    const refusal = this.refusal(lane) ?? (this.inbox.offer(ticket) ? undefined : this.overloaded());
    if (refusal === undefined) this.soon();
    else
      this.options.telemetry.count("tocsin_inbox_refused_total", { lane, reason: refusal.status }, submissions.length);
    return refusal;
  }

  /** What delivery did. Resolves when it is durable, rejects when it never will be. Never refused: delivery bounds itself. */
  async report(report: DeliveryReport): Promise<void> {
    const { stepper } = this;
    if (stepper === undefined || this.state === "ended" || this.state === "ending") throw new Error(this.reason);
    return new Promise((resolve, reject) => {
      stepper.reports.push({ ...report, resolve, reject });
      this.soon();
    });
  }

  /**
   * Resolves when everything that the core has taken until now is durable; rejects when it never will be. While nothing can
   * be stored it resolves at once: people must see what is open, most of all then.
   */
  async settled(): Promise<void> {
    const { stepper, readers } = this;
    if (stepper === undefined || this.state === "ended") throw new Error(this.reason);
    if (this.state === "stalled" || (stepper.batch.isEmpty && this.committer.batch === undefined)) return;
    const { batch } = stepper;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    readers.add(resolve);
    batch.reports.push({ changes: [], outcomes: [], resolve, reject });
    this.soon();
    return promise.finally(() => readers.delete(resolve));
  }

  /** While there is a reason, events are refused with it, so that what matters more keeps its room (the disk is nearly full). */
  shed(reason: string | undefined): void {
    this.shedReason = reason;
  }

  /** Takes nothing more, makes durable what was stepped, gives the store free. A commit that cannot succeed is given up. */
  async stop(): Promise<void> {
    if (this.state !== "ended" && this.state !== "starting") {
      this.state = "ending";
      this.reason = "the collector is ending";
      this.refuseWaiting(this.reason);
      this.cancelTimer?.();
      this.committer.end();
      await this.rebuilding;
      const idle = new Promise<void>((resolve) => {
        this.whenIdle = resolve;
      });
      this.flush();
      await idle;
      this.end(this.reason);
    }
    await this.options.store.close();
  }

  readonly readiness: Readiness = () =>
    this.state === "running" ? { ready: true } : { ready: false, reason: this.reason };

  private async load(): Promise<{ snapshot: Snapshot; core: Core }> {
    const { store, createCore } = this.options;
    const snapshot = await store.open({ eventIdsMax: this.limits.eventIdsMax });
    const reader = new StoredReader();
    for await (const page of snapshot.entities) reader.read(page);
    const core = createCore({
      alerts: reader.alerts,
      entities: reader.entities(),
      eventIds: await snapshot.eventIds,
      at: snapshot.at,
    });
    return { snapshot, core };
  }

  private drive(core: Core): Stepper {
    const { time, inbox, limits } = this;
    return new Stepper({ ...this.options, core, time, inbox, limits });
  }

  private refusal(lane: Lane): IntakeResult | undefined {
    if (this.state === "running" || this.state === "rebuilding") {
      if (lane !== "event" || this.shedReason === undefined) return undefined;
      return { status: "unavailable", reason: this.shedReason };
    }
    return { status: "unavailable", reason: this.reason };
  }

  /** Later the more waits, and not all at the same time. */
  private overloaded(): IntakeResult {
    const drainMs = this.inputsPerMs > 0 ? this.inbox.inputs / this.inputsPerMs : 0;
    const retryAfterMs = Math.min(RETRY_AFTER_MAX_MS, Math.max(RETRY_AFTER_MIN_MS, drainMs));
    return { status: "overloaded", retryAfterMs: Math.ceil(retryAfterMs * (1 + this.options.random())) };
  }

  /** Once in this turn of the event loop, after the requests that came with this one. */
  private soon(): void {
    if (this.pumpIsSoon) return;
    this.pumpIsSoon = true;
    setImmediate(() => {
      this.pumpIsSoon = false;
      this.pump();
    });
  }

  private pump(): void {
    const { stepper } = this;
    if (this.state !== "running" || stepper === undefined) return;
    const { clock } = this.options;
    this.isHolding = this.deposits.isHeld(this.inbox.depositedInputs, clock.monotonic());
    try {
      if (stepper.fill(!this.isHolding)) this.soon();
    } catch (error) {
      if (!(error instanceof CoreFailure)) throw error;
      this.rebuilding = this.rebuild(stepper, error);
      return;
    }
    this.deposits.tellReaders();
    if (this.committer.batch === undefined) this.flush();
    this.arm();
  }

  /** Wakes at the core's next deadline, and at least once a second, so that a gap is seen before anything is concluded from it. */
  private arm(): void {
    const wakeAt = this.stepper?.core.nextWakeAt() ?? Number.POSITIVE_INFINITY;
    const beatMs = this.isHolding ? HELD_BEAT_MS : BEAT_MS;
    const delayMs = Math.min(beatMs, Math.max(1, wakeAt - this.time.last));
    this.cancelTimer?.();
    this.cancelTimer = this.options.clock.after(delayMs, () => this.beat());
  }

  private beat(): void {
    const silentMs = this.options.clock.monotonic() - this.committer.lastSuccessAt;
    if (this.stepper !== undefined && silentMs >= this.limits.idleCommitMs) this.stepper.batch.isDue = true;
    this.pump();
  }

  /** Sends the open batch on its way. Where nothing in it must be durable, what came before is, and it is answered at once. */
  private flush(): void {
    const { stepper, committer } = this;
    if (stepper === undefined || committer.batch !== undefined || this.state === "rebuilding") return;
    const mayStore = this.deposits.hasOffered && this.mayStoreDeposits(stepper.core);
    if (stepper.batch.isEmpty && !mayStore) {
      this.whenIdle?.();
      return;
    }
    const batch = stepper.take();
    if (mayStore) batch.deposits = this.deposits.rows();
    if (!batch.mustCommit) {
      this.answer(batch);
      this.whenIdle?.();
      this.soon();
      return;
    }
    this.committing = this.commit(batch);
  }

  /** What the core may refuse when it sees it, and what would have to wait too long, is not promised. */
  private mayStoreDeposits(core: Core): boolean {
    if (this.state !== "running") return false;
    const { inputs } = this.inbox;
    return inputs <= Math.min(this.limits.depositedInputsMax, core.alertRoom());
  }

  private async commit(batch: Batch): Promise<void> {
    const sealed = batch.seal(this.sequence, this.time.last, this.deposits);
    const startedAt = this.options.clock.monotonic();
    const result = await this.committer.commit(sealed);
    if (result.status === "lost") {
      this.abandon(batch, result.reason);
      this.fail(result.reason);
      return;
    }
    this.sequence = sealed.commit.sequence;
    const tookMs = Math.max(0.1, this.options.clock.monotonic() - startedAt);
    this.inputsPerMs += 0.2 * (sealed.inputs / tookMs - this.inputsPerMs);
    this.answer(batch);
    this.deposits.stored(batch.deposits, this.options.clock.monotonic(), (ticket) => this.observe(ticket));
    if (sealed.commit.outbox.length > 0) this.options.onOutbox(sealed.commit.outbox);
    this.changes.publish(sealed.changes);
    if (this.state === "running") this.pump();
    else this.flush();
  }

  private answer(batch: Batch): void {
    for (const ticket of batch.tickets) {
      if (ticket.deposit?.stage !== "stored") this.observe(ticket);
      answerTicket(ticket, { status: "committed", outcomes: ticket.outcomes });
      this.deposits.over(ticket);
    }
    for (const report of batch.reports) report.resolve();
  }

  private observe({ arrivedAt, lane }: Ticket): void {
    const tookMs = this.options.clock.monotonic() - arrivedAt;
    this.options.telemetry.observe("tocsin_acknowledge_duration_seconds", tookMs / 1000, { lane });
  }

  private abandon(batch: Batch, reason: string): void {
    for (const ticket of batch.tickets) answerTicket(ticket, { status: "unavailable", reason });
    for (const report of batch.reports) report.reject(new Error(reason));
  }

  /** Those who wait and of whom the core has taken nothing hear at once that nothing will come of it now. */
  private refuseWaiting(reason: string): void {
    for (const ticket of this.inbox.drain()) {
      this.deposits.forget(ticket);
      answerTicket(ticket, { status: "unavailable", reason });
    }
  }

  private stall(reason: string): void {
    const text = reason === "full" ? "the disk is full" : "the database is locked by another program";
    this.options.log.error("commits fail and are tried again; nothing is taken until one succeeds", { reason: text });
    if (this.state === "running") this.state = "stalled";
    this.reason = text;
    this.refuseWaiting(text);
    for (const answer of this.readers) answer();
    this.cancelPatience = this.options.clock.after(this.limits.patienceMs, () => {
      // Their inputs may still become durable: a sender's repeat is recognised by its ids.
      const open = this.stepper?.batch.tickets ?? [];
      const begun = [...(this.committer.batch?.tickets ?? []), ...open, ...this.inbox.begun()];
      for (const ticket of [...begun, ...this.deposits.onTheirWay()])
        answerTicket(ticket, { status: "unavailable", reason: text });
    });
  }

  private resume(): void {
    this.cancelPatience?.();
    this.options.log.warn("commits succeed again");
    // The time in between was not observed: `ArrivalTime` sees the gap and the core is told.
    if (this.state === "stalled") this.state = "running";
  }

  /**
   * The core threw: its state in memory is no longer what the store has. It is thrown away and built anew from what is
   * committed; what waited is stepped again, without the input that made it fail, whose sender is told. A failure that comes
   * back (a deadline that cannot be served) ends the process.
   */
  private async rebuild(stepper: Stepper, failure: CoreFailure): Promise<void> {
    const { clock, log, telemetry, store } = this.options;
    log.error("the core failed and is built anew from the store", { error: failure.cause, input: failure.input });
    telemetry.count("tocsin_core_failures_total", { kind: failure.input.kind });
    const now = clock.monotonic();
    this.rebuiltAt = [...this.rebuiltAt.filter((at) => now - at < REBUILD_WINDOW_MS), now];
    this.state = "rebuilding";
    stepper.rewind(failure);
    await this.committing;
    if (this.state !== "rebuilding") return;
    if (this.rebuiltAt.length > REBUILDS_MAX) return this.fail(failure.message);
    try {
      await store.close();
      const { snapshot, core } = await this.load();
      const next = this.drive(core);
      next.reports = stepper.reports;
      next.step({ kind: "restarted", at: this.time.read().at, from: snapshot.at }, undefined);
      this.stepper = next;
    } catch (error) {
      return this.fail(`${failure.message}; building it anew failed too: ${String(error)}`);
    }
    if (this.state === "rebuilding") this.state = "running";
    this.pump();
  }

  private inboxWaitingMs(): Milliseconds {
    const oldest = this.inbox.oldestArrival();
    return oldest === undefined ? 0 : this.options.clock.monotonic() - oldest;
  }

  private fail(reason: string): void {
    if (this.state === "ended") return;
    const isExpected = this.state === "ending";
    this.end(reason);
    if (isExpected) this.options.log.error("ended without the last commit", { reason });
    else this.options.onFatal(reason);
  }

  private end(reason: string): void {
    this.state = "ended";
    this.reason = reason;
    this.cancelTimer?.();
    this.cancelPatience?.();
    for (const ticket of this.inbox.drainAll()) answerTicket(ticket, { status: "unavailable", reason });
    this.deposits.tellReaders(true);
    const { stepper } = this;
    if (stepper !== undefined) {
      this.abandon(stepper.take(), reason);
      for (const report of stepper.reports.splice(0)) report.reject(new Error(reason));
    }
    this.whenIdle?.();
  }
}
