import type { Milliseconds } from "../core/model/time.ts";
import type { IngestPorts } from "../port/ingest.ts";

const AGAIN_AFTER_MS: Milliseconds = 3_600_000;
/** Lines an hour: whoever invents addresses must not fill the log. */
const LINES_MAX = 30;
const LENGTH_MAX = 200;

/**
 * Tells the log whom we refuse, and why, where a protocol has no answer that would tell the sender: each once an hour. The
 * counters tell how often.
 */
export class RefusalLog {
  private readonly ports: Pick<IngestPorts, "log" | "clock">;
  private readonly message: string;
  private readonly told = new Set<string>();
  private since: number | undefined;

  /** @param message what is refused: `an SNMP trap is refused`. */
  constructor(ports: Pick<IngestPorts, "log" | "clock">, message: string) {
    this.ports = ports;
    this.message = message;
  }

  tell(from: string, why: string): void {
    const now = this.ports.clock.monotonic();
    if (this.since === undefined || now - this.since >= AGAIN_AFTER_MS) {
      this.since = now;
      this.told.clear();
    }
    const reason = why.slice(0, LENGTH_MAX);
    const key = `${from} ${reason}`;
    if (this.told.has(key) || this.told.size > LINES_MAX) return;
    this.told.add(key);
    if (this.told.size <= LINES_MAX) this.ports.log.warn(this.message, { from, reason });
    else this.ports.log.warn(`${this.message}: more senders, not told for an hour; see tocsin_ingest_dropped_total`);
  }
}
