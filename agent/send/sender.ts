import { EPOCH_HEADER } from "../../protocol/agent-resource.ts";
import { readPartialSuccess } from "../../protocol/otlp-write-response.ts";
import type { Clock, Random } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Batch, LaneName, Spool } from "../spool/spool.ts";
import type { Collectors } from "./collectors.ts";
import type { HttpAnswer } from "./transport.ts";
import { backoffMs, type Verdict, verdictOf } from "./verdict.ts";

export interface SenderOptions {
  spool: Spool;
  collectors: Collectors;
  clock: Clock;
  random: Random;
  log: Log;
  /** The longest wait between two attempts that failed. */
  retryMaxMs: number;
  /** Told each collector's epoch when it first says one or another one. */
  epochs: EpochMemory;
}

/** Which epoch each collector had, across restarts. */
export interface EpochMemory {
  get(url: string): string | undefined;
  set(url: string, epoch: string): void;
}

/** One request: about an hour of a small host's samples, well below what a collector takes. */
const LIMITS = { maxBytes: 512 * 1024, maxRawBytes: 4 * 1024 * 1024, maxRecords: 360 };
/** While the collector does not know us: how often it is asked, and how often the token's file is looked at. */
const UNAUTHORIZED_WAIT_MS = 60_000;
const TOKEN_LOOK_MS = 5000;
/** A trouble that goes on is told again this often. */
const TELL_AGAIN_MS = 10 * 60_000;

/** Empties the spool into a collector: one request at a time, events first, waiting longer while nobody takes them. */
export class Sender {
  readonly #options: SenderOptions;
  #recordsMax = LIMITS.maxRecords;
  #failures = 0;
  #running: Promise<boolean> | null = null;
  #cancelWait: (() => void) | null = null;
  #stopped = false;
  #told = { reason: "", atMs: 0 };
  /** Requests by outcome, since the start. */
  readonly requests = { accepted: 0, refused: 0, unauthorized: 0, retry: 0 };
  /** When the collector last took something; milliseconds since 1970, 0 = never. */
  lastAcceptedAt = 0;
  /** Items that a collector took a request with and refused singly, by lane. */
  readonly rejectedItems: Record<LaneName, number> = { event: 0, metric: 0 };

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Something was stored. Cheap: does nothing while a request is under way or the sender waits after a failure. */
  wake(): void {
    if (this.#stopped || this.#running !== null || this.#cancelWait !== null) return;
    void this.#run();
  }

  /** Sends what there is, without regard to waits, until all is sent or one attempt fails. Says whether all was sent. */
  async flush(): Promise<boolean> {
    if (this.#running !== null) await this.#running;
    this.#endWait();
    return this.#run();
  }

  /** After a failure, until the next attempt. */
  get waiting(): boolean {
    return this.#cancelWait !== null;
  }

  /** After it no new request is begun. */
  stop(): void {
    this.#stopped = true;
    this.#endWait();
  }

  #endWait(): void {
    this.#cancelWait?.();
    this.#cancelWait = null;
  }

  #run(): Promise<boolean> {
    this.#running = this.#drain().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #drain(): Promise<boolean> {
    const { spool } = this.#options;
    for (;;) {
      if (this.#stopped) return false;
      const batch = spool.next({ ...LIMITS, maxRecords: this.#recordsMax });
      if (batch === null) return true;
      if (!(await this.#send(batch))) return false;
    }
  }

  /** Says whether to go on at once. */
  async #send(batch: Batch): Promise<boolean> {
    const { collectors, clock } = this.#options;
    const { answer, url } = await collectors.send(requestOf(batch));
    const verdict = verdictOf(answer, clock.now());
    this.requests[verdict.kind]++;
    if (verdict.kind === "accepted") this.#accepted(batch, answer, url);
    else if (verdict.kind === "refused") this.#refused(batch, verdict.reason);
    else if (verdict.kind === "unauthorized") this.#unauthorized(verdict.reason, url);
    else this.#retry(verdict, url);
    return verdict.kind === "accepted" || verdict.kind === "refused";
  }

  #unauthorized(reason: string, url: string): void {
    this.#failures++;
    this.#tell(reason, "the collector does not accept this agent's token", url);
    this.#waitForToken(UNAUTHORIZED_WAIT_MS);
  }

  #accepted(batch: Batch, answer: HttpAnswer, url: string): void {
    const { spool, clock, log, epochs } = this.#options;
    spool.acknowledge(batch);
    if (this.#failures > 0)
      log.info("the collector takes data again", { url, failures: this.#failures, pending: spool.pending("metric") });
    this.#failures = 0;
    this.#told.reason = "";
    this.#recordsMax = Math.min(LIMITS.maxRecords, this.#recordsMax * 2);
    this.lastAcceptedAt = clock.now();
    if (answer.kind === "failed") return;
    this.#singleRefusals(batch, answer.body);
    const epoch = answer.headers[EPOCH_HEADER];
    const known = epochs.get(url);
    if (epoch === undefined || epoch === known) return;
    epochs.set(url, epoch);
    if (known === undefined) return;
    log.warn("the collector began a new epoch; sending again what it acknowledged lately", {
      url,
      records: spool.rewind(),
    });
  }

  /** The request was taken, some of what was in it was not: those are told and not sent again. */
  #singleRefusals(batch: Batch, body: Buffer): void {
    const said = batch.lane === "metric" ? refusedPoints(body) : refusedEvents(body);
    if (said === null) return;
    this.rejectedItems[batch.lane] += said.count;
    this.#options.log.warn("the collector refused a part", { lane: batch.lane, count: said.count, said: said.message });
  }

  /** Halves until the one record that is refused is alone, which is given up. */
  #refused(batch: Batch, reason: string): void {
    if (batch.records.length > 1) {
      this.#recordsMax = Math.ceil(batch.records.length / 2);
      return;
    }
    this.#options.log.error("the collector refused a record for good; it is dropped", {
      lane: batch.lane,
      items: batch.items,
      reason,
    });
    this.#options.spool.refuse(batch);
    this.#recordsMax = LIMITS.maxRecords;
  }

  #retry(verdict: Verdict & { kind: "retry" }, url: string): void {
    const { retryMaxMs, random } = this.#options;
    this.#failures++;
    const message = verdict.misdirected
      ? "something answers that is no collector; is the address right?"
      : "the collector cannot be reached";
    this.#tell(verdict.reason, message, url);
    // A request that was too slow for the collector may be smaller next time.
    if (verdict.reason === "timeout") this.#recordsMax = Math.max(1, Math.floor(this.#recordsMax / 2));
    const waitMs = backoffMs(this.#failures, {
      maxMs: verdict.misdirected ? Math.max(retryMaxMs, UNAUTHORIZED_WAIT_MS) : retryMaxMs,
      retryAfterMs: verdict.retryAfterMs,
      random: random(),
    });
    this.#wait(waitMs);
  }

  /** Looks at the token's file now and then: a new one is tried at once. */
  #waitForToken(leftMs: number): void {
    if (this.#stopped) return;
    const stepMs = Math.min(leftMs, TOKEN_LOOK_MS);
    this.#cancelWait = this.#options.clock.after(stepMs, () => {
      this.#cancelWait = null;
      if (this.#options.collectors.refreshToken() || leftMs <= stepMs) this.wake();
      else this.#waitForToken(leftMs - stepMs);
    });
  }

  #wait(ms: number): void {
    if (this.#stopped) return;
    this.#cancelWait = this.#options.clock.after(ms, () => {
      this.#cancelWait = null;
      this.wake();
    });
  }

  /** Each trouble once, and again every ten minutes while it lasts. */
  #tell(reason: string, message: string, url: string): void {
    const nowMs = this.#options.clock.monotonic();
    if (reason === this.#told.reason && nowMs - this.#told.atMs < TELL_AGAIN_MS) return;
    this.#told = { reason, atMs: nowMs };
    this.#options.log.error(message, { url, reason, failures: this.#failures });
  }
}

const COMMA = Buffer.from(",");

/** Metrics: each record is a whole gzip member, and members may follow each other. Events: one JSON object each. */
function requestOf(batch: Batch): { path: string; headers: Record<string, string>; body: Uint8Array[] } {
  const payloads = batch.records.map((record) => record.payload);
  if (batch.lane === "metric")
    return {
      path: "/v1/metrics",
      headers: { "content-type": "application/x-protobuf", "content-encoding": "gzip" },
      body: payloads,
    };
  const body: Uint8Array[] = [Buffer.from("[")];
  for (const [index, payload] of payloads.entries()) body.push(...(index === 0 ? [] : [COMMA]), payload);
  body.push(Buffer.from("]"));
  return { path: "/api/v1/events", headers: { "content-type": "application/json" }, body };
}

function refusedPoints(body: Buffer): { count: number; message: string } | null {
  const partial = readPartialSuccess(body);
  return partial === null ? null : { count: partial.rejectedDataPoints, message: partial.message };
}

function refusedEvents(body: Buffer): { count: number; message: string } | null {
  try {
    const { rejected } = JSON.parse(body.toString("utf8")) as { rejected?: { code?: string; message?: string }[] };
    if (!Array.isArray(rejected) || rejected.length === 0) return null;
    const first = rejected[0];
    return { count: rejected.length, message: `${first?.code}: ${first?.message}`.slice(0, 300) };
  } catch {
    // A 2xx whose body is not ours: it was taken, and nothing says that a part was not.
    return null;
  }
}
