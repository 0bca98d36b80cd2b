import type { Event } from "../core/model/event.ts";
import type { Milliseconds } from "../core/model/time.ts";
import { type IngestPorts, Refusal } from "../port/ingest.ts";
import { countDropped, submitEvents } from "./submit.ts";

export type BatcherPorts = Pick<IngestPorts, "intake" | "telemetry" | "clock" | "log">;

export interface BatcherOptions {
  /** Names the sender in metrics. */
  adapter: string;
  /** Events that wait to be stored; more are dropped and counted: datagrams cannot be asked to wait. */
  waitingMax: number;
  /** An event of an alert that says the same as the last one within this time is left out. */
  repeatWithinMs: Milliseconds;
}

/** How long events gather before they are stored together. */
const GATHER_MS: Milliseconds = 20;
const BATCH_MAX = 500;
const REMEMBERED_MAX = 50_000;

/**
 * Takes events from senders that wait for no answer (datagrams, lines on a socket), gathers them and stores them in
 * batches. A device that says the same thing a thousand times a second is heard once in `repeatWithinMs`.
 */
export class EventBatcher {
  private readonly ports: BatcherPorts;
  private readonly options: BatcherOptions;
  private waiting: Event[] = [];
  private readonly lastSaid = new Map<
    string,
    { status: Event["status"]; severity: Event["severity"]; at: Milliseconds }
  >();
  private cancelTimer: (() => void) | undefined;
  private running: Promise<void> | undefined;
  private closed = false;

  constructor(ports: BatcherPorts, options: BatcherOptions) {
    this.ports = ports;
    this.options = options;
  }

  /** Never throws, never waits. False: it was dropped, because too many wait already. */
  add(event: Event): boolean {
    if (this.isRepeat(event)) {
      countDropped(this.ports, this.options.adapter, "repeat");
      return true;
    }
    if (this.closed || this.waiting.length >= this.options.waitingMax) {
      countDropped(this.ports, this.options.adapter, "queueFull");
      return false;
    }
    this.waiting.push(event);
    if (this.waiting.length >= BATCH_MAX) this.start();
    else this.cancelTimer ??= this.ports.clock.after(GATHER_MS, () => this.start());
    return true;
  }

  /** Stores what waits, and takes no more. */
  async close(): Promise<void> {
    this.closed = true;
    this.start();
    await this.running;
  }

  private start(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    this.running ??= this.drain().finally(() => {
      this.running = undefined;
    });
  }

  private async drain(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, BATCH_MAX);
      try {
        await submitEvents(this.ports, this.options.adapter, batch);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        countDropped(this.ports, this.options.adapter, error.code, batch.length);
        this.ports.log.warn("events could not be stored and are lost", {
          adapter: this.options.adapter,
          count: batch.length,
          reason: error.message,
        });
      }
    }
  }

  /** A clear after a firing, and a firing after a clear, always pass. */
  private isRepeat(event: Event): boolean {
    if (event.kind === "change") return false;
    const key = `${event.ci}\n${event.check}\n${event.instance}`;
    const now = this.ports.clock.monotonic();
    const last = this.lastSaid.get(key);
    const same = last?.status === event.status && last.severity === event.severity;
    if (same && now - last.at < this.options.repeatWithinMs) return true;
    this.lastSaid.delete(key);
    if (this.lastSaid.size >= REMEMBERED_MAX) {
      const [oldest] = this.lastSaid.keys();
      if (oldest !== undefined) this.lastSaid.delete(oldest);
    }
    this.lastSaid.set(key, { status: event.status, severity: event.severity, at: now });
    return false;
  }
}
