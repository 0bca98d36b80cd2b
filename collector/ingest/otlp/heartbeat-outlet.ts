import type { Milliseconds } from "../../core/model/time.ts";
import type { IngestPorts } from "../../port/ingest.ts";
import type { Submission } from "../../port/intake.ts";

type Heartbeat = Extract<Submission, { kind: "heartbeat" }>;

const GATHER_MS: Milliseconds = 200;
const RETRY_MS: Milliseconds = 1000;
const WAITING_MAX = 100_000;

/**
 * Tells the core which agents were heard, gathered over 200 ms: a thousand requests a second are five submits. An agent
 * that was heard twice meanwhile is told once. The sender does not wait for it: its samples were taken, and it comes again.
 */
export class HeartbeatOutlet {
  private readonly ports: Pick<IngestPorts, "intake" | "clock" | "log" | "telemetry">;
  private waiting = new Map<string, Heartbeat>();
  private busy = false;

  constructor(ports: Pick<IngestPorts, "intake" | "clock" | "log" | "telemetry">) {
    this.ports = ports;
  }

  push(heartbeat: Omit<Heartbeat, "kind">): void {
    const key = `${heartbeat.ci}\n${heartbeat.agent}`;
    if (this.waiting.size >= WAITING_MAX && !this.waiting.has(key)) {
      this.ports.telemetry.count("tocsin_heartbeats_total", { outcome: "dropped" });
      return;
    }
    this.waiting.set(key, { kind: "heartbeat", ...heartbeat });
    this.schedule(GATHER_MS);
  }

  private schedule(delayMs: Milliseconds): void {
    if (this.busy) return;
    this.busy = true;
    this.ports.clock.after(delayMs, () => void this.send());
  }

  private async send(): Promise<void> {
    const batch = [...this.waiting.values()];
    this.waiting = new Map();
    let again: Milliseconds = GATHER_MS;
    try {
      const result = await this.ports.intake.submit(batch, "heartbeat");
      this.ports.telemetry.count("tocsin_heartbeats_total", { outcome: result.status }, batch.length);
      if (result.status !== "committed") {
        this.putBack(batch);
        again = result.status === "overloaded" ? Math.max(GATHER_MS, result.retryAfterMs) : RETRY_MS;
      }
    } catch (error) {
      this.ports.log.error("heartbeats were not taken", { error });
      this.putBack(batch);
      again = RETRY_MS;
    }
    this.busy = false;
    if (this.waiting.size > 0) this.schedule(again);
  }

  /** Newer ones of the same agents stay. */
  private putBack(batch: readonly Heartbeat[]): void {
    for (const heartbeat of batch) {
      const key = `${heartbeat.ci}\n${heartbeat.agent}`;
      if (!this.waiting.has(key)) this.waiting.set(key, heartbeat);
    }
  }
}
