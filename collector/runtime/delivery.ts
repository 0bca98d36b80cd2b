import type { WaitingMessage } from "../core/model/notification.ts";
import type { Milliseconds } from "../core/model/time.ts";
import type { Connector } from "../port/connector.ts";
import type { Progress } from "../port/progress.ts";
import type { OutboxRow } from "../port/store.ts";
import { DEFAULT_DELIVERY_LIMITS, type DeliveryLimits, type DeliveryOptions } from "./delivery-options.ts";
import { ReceiverWorker } from "./receiver-worker.ts";
import { outcomeOf } from "./stored-form.ts";

export function createDelivery(options: DeliveryOptions): Delivery {
  return new Delivery(options);
}

/**
 * Brings the outbox to its receivers. One queue, one worker and one breaker a receiver, so that nobody waits for another's
 * receiver. Nothing starts before `start`; rows may come before.
 */
export class Delivery {
  readonly progress: Progress;
  private readonly options: DeliveryOptions & { limits: DeliveryLimits };
  private readonly workers = new Map<string, ReceiverWorker>();
  private connectors: ReadonlyMap<string, Connector>;
  private isRunning = false;

  constructor(options: DeliveryOptions) {
    this.options = { ...options, limits: { ...DEFAULT_DELIVERY_LIMITS, ...options.limits } };
    this.connectors = options.connectors;
    for (const receiver of options.connectors.keys()) this.worker(receiver);
    const { telemetry } = options;
    const each = (read: (worker: ReceiverWorker) => number) => () =>
      [...this.workers].map(([receiver, worker]) => ({ labels: { receiver }, value: read(worker) }));
    telemetry.gauge(
      "tocsin_outbox_waiting",
      each((worker) => worker.waiting),
    );
    telemetry.gauge(
      "tocsin_delivery_in_flight",
      each((worker) => worker.inFlight),
    );
    telemetry.gauge(
      "tocsin_delivery_breaker_open",
      each((worker) => (worker.isAway ? 1 : 0)),
    );
    this.progress = { name: "delivery", limitMs: 60_000, waitingMs: () => this.waitingMs() };
  }

  /** Takes rows of the outbox: those a restart found, and new ones after their commit. */
  enqueue(rows: readonly OutboxRow[]): void {
    const touched = new Set<ReceiverWorker>();
    const superseded: OutboxRow[] = [];
    const unknown: OutboxRow[] = [];
    for (const row of rows) {
      if (!this.connectors.has(row.receiver)) unknown.push(row);
      else {
        const worker = this.worker(row.receiver);
        superseded.push(...worker.add(row));
        touched.add(worker);
      }
    }
    for (const row of unknown)
      this.options.log.error("no such receiver is configured: a message is given up", nameOf(row));
    this.settle(superseded, "superseded", null);
    this.settle(unknown, "failed", "misconfigured");
    for (const worker of touched) worker.kick();
  }

  /** What has been decided about an incident and not come to its receivers, by receiver. */
  waitingFor(incident: string): WaitingMessage[] {
    return [...this.workers.values()].flatMap((worker) => worker.waitingFor(incident));
  }

  start(): void {
    this.isRunning = true;
    for (const worker of this.workers.values()) worker.start();
  }

  /** Other connectors from now on, after the configuration changed. Attempts on their way end as they began. */
  replaceConnectors(connectors: ReadonlyMap<string, Connector>): void {
    this.connectors = connectors;
    for (const receiver of connectors.keys()) this.worker(receiver);
    for (const [receiver, worker] of this.workers) {
      const connector = connectors.get(receiver);
      if (connector !== undefined) worker.replace(connector);
      else {
        this.workers.delete(receiver);
        this.settle(worker.remove(), "failed", "misconfigured");
      }
    }
  }

  /** No new attempts; those on their way have `graceMs` to end, then they are aborted: the next start repeats them. */
  async stop(graceMs: Milliseconds = 5_000): Promise<void> {
    this.isRunning = false;
    await Promise.all([...this.workers.values()].map(async (worker) => worker.stop(graceMs)));
  }

  private worker(receiver: string): ReceiverWorker {
    const known = this.workers.get(receiver);
    if (known !== undefined) return known;
    const connector = this.connectors.get(receiver);
    if (connector === undefined) throw new Error(`receiver ${receiver} has no connector`);
    const worker = new ReceiverWorker({
      ...this.options,
      receiver,
      connector,
      settle: (rows, status, reason) => this.settle(rows, status, reason),
    });
    this.workers.set(receiver, worker);
    if (this.isRunning) worker.start();
    return worker;
  }

  /** Rows that end without an attempt. When it cannot become durable the process ends, and the next one finds them again. */
  private settle(rows: readonly OutboxRow[], status: "failed" | "superseded", reason: string | null): void {
    if (rows.length === 0) return;
    const at = this.options.clock.now();
    for (const { receiver, kind } of rows)
      this.options.telemetry.count("tocsin_deliveries_total", { receiver, kind, result: reason ?? status });
    this.options
      .report({
        changes: rows.map(({ key, receiver }) => ({ type: "done", key, receiver, at, status, reason })),
        outcomes: rows.map((row) => outcomeOf(row, status, reason)),
      })
      .catch((error: unknown) => this.options.log.warn("what became of messages was not recorded", { error }));
  }

  private waitingMs(): Milliseconds {
    let worst = 0;
    for (const worker of this.workers.values()) worst = Math.max(worst, worker.waitingMs());
    return worst;
  }
}

function nameOf({ key, receiver, incident, kind }: OutboxRow): Record<string, unknown> {
  return { key, receiver, incident, kind };
}
