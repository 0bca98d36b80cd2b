import type { Event } from "../core/model/event.ts";
import type { Milliseconds } from "../core/model/time.ts";
import type { Clock } from "../port/clock.ts";
import type { Intake } from "../port/intake.ts";
import type { Log, Telemetry } from "../port/telemetry.ts";

const QUEUE_MAX = 10_000;
const BATCH_MAX = 500;
const GATHER_MS: Milliseconds = 50;
const RETRY_MS: Milliseconds = 1000;

/**
 * Takes events from code that may not wait (detection, the register of agents) to the intake, in order. Gathers for 50 ms;
 * when the intake has no room, tries again each second; beyond 10,000 waiting events new ones are dropped and counted.
 */
export class EventOutlet {
  private readonly ports: { intake: Intake; clock: Clock; log: Log; telemetry: Telemetry };
  private waiting: Event[] = [];
  private sending = false;
  private cancel: (() => void) | null = null;

  constructor(ports: { intake: Intake; clock: Clock; log: Log; telemetry: Telemetry }) {
    this.ports = ports;
  }

  push(event: Event): void {
    if (this.waiting.length >= QUEUE_MAX) {
      this.ports.telemetry.count("tocsin_detections_total", { outcome: "dropped" });
      return;
    }
    this.waiting.push(event);
    this.schedule(GATHER_MS);
  }

  get size(): number {
    return this.waiting.length;
  }

  private schedule(delayMs: Milliseconds): void {
    if (this.sending || this.cancel !== null) return;
    this.cancel = this.ports.clock.after(delayMs, () => {
      this.cancel = null;
      void this.send();
    });
  }

  private async send(): Promise<void> {
    this.sending = true;
    const batch = this.waiting.slice(0, BATCH_MAX);
    let delayMs = GATHER_MS;
    try {
      const lane = batch.some((event) => event.severity === "critical") ? "critical" : "event";
      const result = await this.ports.intake.submit(
        batch.map((event) => ({ kind: "event", event })),
        lane,
      );
      if (result.status === "committed") {
        this.waiting = this.waiting.slice(batch.length);
        this.ports.telemetry.count("tocsin_detections_total", { outcome: "submitted" }, batch.length);
      } else delayMs = result.status === "overloaded" ? result.retryAfterMs : RETRY_MS;
    } catch (error) {
      this.ports.log.error("events of the collector itself were not taken", { error });
      delayMs = RETRY_MS;
    }
    this.sending = false;
    if (this.waiting.length > 0) this.schedule(delayMs);
  }
}
