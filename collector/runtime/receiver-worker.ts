import type { NotificationKind } from "../core/model/notification-kind.ts";
import type { WaitingMessage } from "../core/model/notification.ts";
import type { Milliseconds } from "../core/model/time.ts";
import type { Connector, DeliveryResult } from "../port/connector.ts";
import type { DeliveryFailure } from "../port/delivery-failure.ts";
import type { OutboxChange, OutboxRow } from "../port/store.ts";
import { Breaker, backOffMs } from "./breaker.ts";
import type { DeliveryLimits, DeliveryOptions } from "./delivery-options.ts";
import { ReceiverQueue, type Unit } from "./receiver-queue.ts";
import { outcomeOf } from "./stored-form.ts";

export interface ReceiverWorkerOptions extends DeliveryOptions {
  receiver: string;
  connector: Connector;
  limits: DeliveryLimits;
  /** Ends rows without an attempt. */
  settle: (rows: readonly OutboxRow[], status: "failed" | "superseded", reason: string | null) => void;
}

/** After these the receiver has surely not taken the message. After a time-out or a lost connection nobody knows. */
const NOT_TAKEN: ReadonlySet<DeliveryFailure> = new Set([
  "dns",
  "tls",
  "rateLimited",
  "unauthorised",
  "notFound",
  "redirect",
  "forbiddenTarget",
  "template",
  "misconfigured",
]);
/** What says something about the receiver, not about the message. */
const AWAY: ReadonlySet<DeliveryFailure> = new Set([
  "timeout",
  "connection",
  "dns",
  "tls",
  "rateLimited",
  "serverError",
]);
/** A receiver may ask us to come later, but not next year. */
const RETRY_AFTER_MAX_MS: Milliseconds = 3_600_000;
/** An attempt that ignores its abort keeps its place this long: sockets stay bounded, and the receiver is not lost for ever. */
const LINGER_MS: Milliseconds = 60_000;

/** Delivers to one receiver: the best message that is due, a few at a time, and only while the receiver answers. */
export class ReceiverWorker {
  private readonly options: ReceiverWorkerOptions;
  private readonly queue = new ReceiverQueue();
  private readonly breaker: Breaker;
  private connector: Connector;
  private state: "waiting" | "running" | "stopped" = "waiting";
  private readonly attempts = new Set<AbortController>();
  private lingering = 0;
  private cancelTimer: (() => void) | undefined;
  private movedAt: Milliseconds;
  private lastFailure: DeliveryFailure | null = null;
  private whenQuiet: (() => void) | undefined;

  constructor(options: ReceiverWorkerOptions) {
    this.options = options;
    this.connector = options.connector;
    this.breaker = new Breaker(options.limits.pause, options.random);
    this.movedAt = options.clock.monotonic();
  }

  get waiting(): number {
    return this.queue.rows;
  }

  get inFlight(): number {
    return this.attempts.size + this.lingering;
  }

  get isAway(): boolean {
    return this.breaker.isOpen;
  }

  /** What the receiver has yet to be told about an incident. */
  waitingFor(incident: string): WaitingMessage[] {
    return this.queue.waitingFor(incident).map(({ row, attempts }) => ({
      receiver: row.receiver,
      kind: row.kind as NotificationKind,
      page: row.page,
      at: row.createdAt,
      attempts,
      failure: this.lastFailure,
    }));
  }

  /** How long something could have been tried and was not: 0 while nothing is due, or the receiver is away. */
  waitingMs(): Milliseconds {
    const now = this.options.clock.monotonic();
    const dueAt = this.queue.nextDueAt();
    if (this.state !== "running" || dueAt === undefined || dueAt > now || !this.breaker.mayTry(now)) return 0;
    return now - Math.max(this.movedAt, dueAt);
  }

  /** Returns the rows that it supersedes. */
  add(row: OutboxRow): OutboxRow[] {
    const { clock, limits, log, settle } = this.options;
    const now = clock.monotonic();
    // Only a restart brings rows with attempts; their next time was told by a wall clock that may have been wrong.
    const delayMs =
      row.attempts === 0 ? 0 : Math.min(limits.backOff.maxMs, Math.max(0, row.nextAttemptAt - clock.now()));
    if (this.queue.rows === 0) this.movedAt = now;
    const isFull = this.queue.rows >= limits.rowsMax || this.queue.sizeBytes >= limits.sizeBytesMax;
    if (isFull && !row.page && row.kind !== "resolved") {
      log.error("too much waits for a receiver: an update is given up", {
        receiver: row.receiver,
        incident: row.incident,
      });
      settle([row], "failed", "overflow");
      return [];
    }
    return this.queue.add(row, now, now + delayMs);
  }

  start(): void {
    this.state = "running";
    this.kick();
  }

  replace(connector: Connector): void {
    if (connector === this.connector) return;
    this.connector = connector;
    this.queue.hurry(this.options.clock.monotonic());
    this.kick();
  }

  /** The receiver is no longer configured. Returns what waits for it. */
  remove(): OutboxRow[] {
    this.state = "stopped";
    this.cancelTimer?.();
    return this.queue.drain();
  }

  async stop(graceMs: Milliseconds): Promise<void> {
    this.state = "stopped";
    this.cancelTimer?.();
    if (this.attempts.size === 0) return;
    const quiet = new Promise<void>((resolve) => {
      this.whenQuiet = resolve;
    });
    const cancel = this.options.clock.after(graceMs, () => {
      for (const attempt of this.attempts) attempt.abort();
      this.whenQuiet?.();
    });
    await quiet;
    cancel();
  }

  /** Begins what may begin, and sees to it that it is called again when there is more. */
  kick(): void {
    const { clock, limits } = this.options;
    while (this.state === "running" && this.inFlight < limits.inFlightMax) {
      const now = clock.monotonic();
      if (!this.breaker.mayTry(now)) break;
      // Whoever was away is tried with the best message there is, not with one a probe that each may have arrived.
      const unit = this.queue.next(now, this.breaker.isOpen);
      if (unit === undefined) break;
      this.breaker.begin();
      this.movedAt = now;
      void this.deliver(unit);
    }
    this.arm();
  }

  private arm(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    const dueAt = this.queue.nextDueAt();
    if (this.state !== "running" || dueAt === undefined || this.inFlight >= this.options.limits.inFlightMax) return;
    const at = this.breaker.isOpen ? (this.breaker.retryAt ?? dueAt) : dueAt;
    if (at === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.max(1, at - this.options.clock.monotonic());
    this.cancelTimer = this.options.clock.after(delayMs, () => this.kick());
  }

  private async deliver(unit: Unit): Promise<void> {
    const { clock, telemetry, receiver } = this.options;
    const controller = new AbortController();
    this.attempts.add(controller);
    const startedAt = clock.monotonic();
    const result = await this.attempt(unit, controller);
    this.attempts.delete(controller);
    const tookS = (clock.monotonic() - startedAt) / 1000;
    telemetry.observe("tocsin_delivery_duration_seconds", tookS, { receiver });
    const outcome = result.status === "success" ? "success" : result.reason;
    telemetry.count("tocsin_delivery_attempts_total", { receiver, result: outcome });
    try {
      await this.conclude(unit, result);
    } catch (error) {
      // What happened cannot become durable: the process is ending, and the next one repeats it under the same key.
      this.options.log.warn("the outcome of a delivery was not recorded", { receiver, key: unit.row.key, error });
    }
    if (this.attempts.size === 0) this.whenQuiet?.();
    this.kick();
  }

  private async attempt(unit: Unit, controller: AbortController): Promise<DeliveryResult> {
    const { clock, limits, store, receiver } = this.options;
    let cancel: (() => void) | undefined;
    const timeout = new Promise<DeliveryResult>((resolve) => {
      cancel = clock.after(limits.attemptTimeoutMs, () => {
        controller.abort(new Error("the attempt took too long"));
        resolve({ status: "retryable", reason: "timeout", detail: `no answer in ${limits.attemptTimeoutMs} ms` });
      });
    });
    const { connector } = this;
    const work = async (): Promise<DeliveryResult> => {
      try {
        const reference = await store.reference(receiver, unit.row.incident);
        const { notification, attempt } = unit;
        return await connector.deliver({ notification, reference, attempt, signal: controller.signal });
      } catch (error) {
        // A connector answers; one that throws has a bug, and whether the message went out is not known.
        this.options.log.error("a connector threw", { receiver, connector: connector.kind, error });
        return {
          status: "retryable",
          reason: "badResponse",
          detail: error instanceof Error ? error.message : String(error),
        };
      }
    };
    const working = work();
    const result = await Promise.race([working, timeout]);
    cancel?.();
    if (controller.signal.aborted) this.linger(working);
    return result;
  }

  /** Counts an aborted attempt until it has really ended. */
  private linger(working: Promise<unknown>): void {
    this.lingering += 1;
    let isOver = false;
    const over = (): void => {
      if (isOver) return;
      isOver = true;
      this.lingering -= 1;
      cancel();
      this.kick();
    };
    const cancel = this.options.clock.after(LINGER_MS, () => {
      this.options.log.error("a connector ignores that its attempt was aborted", { receiver: this.options.receiver });
      over();
    });
    void working.finally(over);
  }

  private async conclude(unit: Unit, result: DeliveryResult): Promise<void> {
    this.lastFailure = result.status === "success" ? null : result.reason;
    if (result.status === "success") {
      this.answered();
      await this.finish(unit, { status: "delivered", reason: null }, result);
      return;
    }
    const { clock, limits, log, receiver } = this.options;
    const { key, incident, kind, createdAt } = unit.row;
    const { reason, detail } = result;
    if (result.status === "permanent") {
      if (AWAY.has(reason)) this.breaker.failed(clock.monotonic());
      else this.answered();
      log.error("a message was refused for good", { receiver, incident, kind, key, reason, detail });
      await this.finish(unit, { status: "failed", reason }, undefined);
      return;
    }
    const retryInMs = result.retryInMs === undefined ? undefined : Math.min(RETRY_AFTER_MAX_MS, result.retryInMs);
    if (AWAY.has(reason))
      this.breaker.failed(clock.monotonic(), reason === "rateLimited" ? (retryInMs ?? 1_000) : retryInMs);
    else this.answered();
    log.warn("a message was not delivered and will be tried again", { receiver, incident, kind, key, reason, detail });
    if (clock.now() - createdAt > limits.giveUpAfterMs) {
      log.error("a message is given up", { receiver, incident, kind, key, attempts: unit.attempt });
      await this.finish(unit, { status: "failed", reason: "exhausted" }, undefined);
      return;
    }
    await this.retry(unit, reason, retryInMs);
  }

  private answered(): void {
    // Whoever waited because the receiver was away waits no longer.
    if (this.breaker.succeeded()) this.queue.hurry(this.options.clock.monotonic());
  }

  private async retry(unit: Unit, reason: DeliveryFailure, retryInMs: Milliseconds | undefined): Promise<void> {
    const { clock, limits, random, report, settle } = this.options;
    const { key, receiver } = unit.row;
    const delayMs = Math.max(backOffMs(limits.backOff, unit.attempt, random), retryInMs ?? 0);
    const now = clock.monotonic();
    const superseded = this.queue.retry(unit, now, now + delayMs, !NOT_TAKEN.has(reason));
    if (superseded.includes(unit.row)) {
      settle(superseded, "superseded", null);
      return;
    }
    settle(superseded, "superseded", null);
    const change: OutboxChange = {
      type: "attempted",
      key,
      receiver,
      attempts: unit.attempt,
      nextAttemptAt: clock.now() + delayMs,
    };
    await report({ changes: [change], outcomes: [] });
  }

  private async finish(
    unit: Unit,
    { status, reason }: { status: "delivered" | "failed"; reason: string | null },
    result: Extract<DeliveryResult, { status: "success" }> | undefined,
  ): Promise<void> {
    const { clock, telemetry, report } = this.options;
    const { row } = unit;
    const at = clock.now();
    // What it has taken along is told with it; what failed has told nothing.
    const absorbed = status === "delivered" ? unit.absorbed : [];
    const reference = result?.reference === undefined ? {} : { reference: result.reference };
    const done = { type: "done", at } as const;
    await report({
      changes: [
        { ...done, key: row.key, receiver: row.receiver, status, reason, ...reference },
        ...absorbed.map(({ key, receiver }) => ({
          ...done,
          key,
          receiver,
          status: "superseded" as const,
          reason: null,
        })),
      ],
      outcomes: [outcomeOf(row, status, reason), ...absorbed.map((gone) => outcomeOf(gone, "superseded", null))],
    });
    const labels = { receiver: row.receiver, kind: row.kind, result: reason ?? status };
    telemetry.count("tocsin_deliveries_total", labels);
    if (status === "delivered")
      telemetry.observe("tocsin_notification_delay_seconds", Math.max(0, at - row.createdAt) / 1000, {
        kind: row.kind,
      });
    this.queue.finish(unit, [row, ...absorbed], clock.monotonic());
  }
}
