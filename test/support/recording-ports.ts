import { UNKNOWN_PLACE } from "../../collector/core/model/alert-ref.ts";
import type { Alert } from "../../collector/core/model/alert.ts";
import { type Ci, type CmdbDocument, EMPTY_CMDB, type MaintenanceWindow } from "../../collector/core/model/ci.ts";
import type { ChangeRecord } from "../../collector/core/model/correlation.ts";
import type { AlertDocument, IncidentDocument } from "../../collector/core/model/document.ts";
import type { Outcome } from "../../collector/core/model/effect.ts";
import type { Event } from "../../collector/core/model/event.ts";
import type { Problem } from "../../collector/core/model/problem.ts";
import { type CoreSettings, DEFAULT_SETTINGS } from "../../collector/core/model/settings.ts";
import type { Silence } from "../../collector/core/model/silence.ts";
import type {
  IntakeResult,
  IntakeWithDeposit,
  Lane,
  Letter,
  LetterReader,
  Submission,
} from "../../collector/port/intake.ts";
import type { Change, ChangeFeed, ListQuery, Page, Query } from "../../collector/port/query.ts";
import type { SampleBatch, SampleResult, SampleSink } from "../../collector/port/samples.ts";
import type { LedgerQuery, StoredLedgerRecord } from "../../collector/port/store.ts";
import type { Log, Telemetry } from "../../collector/port/telemetry.ts";

/** Takes everything, remembers it, and answers as told. A repeated event id is a duplicate, as in the core. */
export class RecordingIntake implements IntakeWithDeposit {
  readonly batches: { submissions: readonly Submission[]; lane: Lane }[] = [];
  /** What the next submits answer; undefined = committed. */
  answer: ((submissions: readonly Submission[], lane: Lane) => IntakeResult | Promise<IntakeResult>) | undefined;
  private readonly ids = new Set<string>();
  private readonly readers = new Map<string, LetterReader>();

  get submissions(): Submission[] {
    return this.batches.flatMap((batch) => [...batch.submissions]);
  }

  get events(): Event[] {
    return this.submissions.flatMap((submission) => (submission.kind === "event" ? [submission.event] : []));
  }

  async submit(submissions: readonly Submission[], lane: Lane): Promise<IntakeResult> {
    this.batches.push({ submissions, lane });
    if (this.answer !== undefined) return this.answer(submissions, lane);
    return { status: "committed", outcomes: submissions.map((submission) => this.outcome(submission)) };
  }

  async deposit(letter: Letter, lane: Lane): Promise<IntakeResult> {
    return this.submit(this.readers.get(letter.reader)?.(letter) ?? [], lane);
  }

  readLetters(reader: string, read: LetterReader): void {
    this.readers.set(reader, read);
  }

  private outcome(submission: Submission): Outcome {
    if (submission.kind === "event" && submission.event.idGiven) {
      const id = `${submission.event.source}\n${submission.event.id}`;
      if (this.ids.has(id)) return { status: "duplicate" };
      this.ids.add(id);
    }
    return { status: "accepted", alert: null, incident: null };
  }
}

function page<T>(items: readonly T[], query: { limit: number; cursor: string | null }): Page<T> {
  const from = query.cursor === null ? 0 : Number(query.cursor);
  const to = from + query.limit;
  return { items: items.slice(from, to), next: to < items.length ? String(to) : null };
}

/** Answers from plain lists; cursors are positions. */
export class FakeQuery implements Query {
  readonly placeOf = (): number => UNKNOWN_PLACE;
  incidentList: IncidentDocument[] = [];
  alertList: AlertDocument[] = [];
  live: Alert[] = [];
  problemList: Problem[] = [];
  ledgerList: StoredLedgerRecord[] = [];
  changeList: ChangeRecord[] = [];
  silenceList: Silence[] = [];
  windows: MaintenanceWindow[] = [];
  document: CmdbDocument = EMPTY_CMDB;
  coreSettings: CoreSettings = DEFAULT_SETTINGS;
  readonly asked: unknown[] = [];

  async incidents(query: ListQuery<string>): Promise<Page<IncidentDocument>> {
    this.asked.push(query);
    const wanted = query.statuses ?? ["open", "acknowledged"];
    return page(
      this.incidentList.filter((item) => wanted === "all" || wanted.includes(item.status)),
      query,
    );
  }
  async incident(idOrNumber: string): Promise<IncidentDocument | undefined> {
    return this.incidentList.find((item) => item.id === idOrNumber || String(item.number) === idOrNumber);
  }
  async alerts(query: ListQuery<string>): Promise<Page<AlertDocument>> {
    this.asked.push(query);
    const wanted = query.statuses ?? ["pending", "firing", "unobserved"];
    return page(
      this.alertList.filter((item) => wanted === "all" || wanted.includes(item.status)),
      query,
    );
  }
  liveAlerts(): Iterable<Readonly<Alert>> {
    return this.live;
  }
  readonly annotationsByAlert = new Map<string, Record<string, string>>();
  async annotations(alert: string): Promise<Record<string, string>> {
    return this.annotationsByAlert.get(alert) ?? {};
  }
  async changes(query: { ci?: string; limit: number; cursor: string | null }): Promise<Page<ChangeRecord>> {
    return page(
      this.changeList.filter((item) => query.ci === undefined || item.ci === query.ci),
      query,
    );
  }
  async problems(query: { limit: number; cursor: string | null }): Promise<Page<Problem>> {
    return page(this.problemList, query);
  }
  async ledger(query: LedgerQuery): Promise<Page<StoredLedgerRecord>> {
    this.asked.push(query);
    const items = this.ledgerList.filter((item) => query.before === undefined || item.number < query.before);
    const part = items.slice(0, query.limit);
    return { items: part, next: part.length < items.length ? String(part.at(-1)?.number) : null };
  }
  silences(): Silence[] {
    return this.silenceList;
  }
  settings(): Readonly<CoreSettings> {
    return this.coreSettings;
  }
  receivers(): readonly string[] {
    return [];
  }
  receiversOf(): readonly string[] {
    return [];
  }
  maintenance(): MaintenanceWindow[] {
    return this.windows;
  }
  cmdb(): CmdbDocument {
    return this.document;
  }
  ci(name: string): Ci | undefined {
    const wanted = name.toLowerCase();
    return this.document.cis.find((ci) =>
      [ci.id, ci.name, ...ci.aliases].some((known) => known.toLowerCase() === wanted),
    );
  }
  counts(): { openIncidents: number; activeAlerts: number; cis: number; relations: number } {
    return {
      openIncidents: this.incidentList.filter((item) => item.status === "open").length,
      activeAlerts: this.alertList.length,
      cis: this.document.cis.length,
      relations: this.document.relations.length,
    };
  }
}

/** Remembers every batch; refuses what `refuse` says. */
export class RecordingSink implements SampleSink {
  readonly batches: SampleBatch[] = [];
  refuse: (batch: SampleBatch) => SampleResult = (batch) => ({
    accepted: batch.samples.length,
    rejected: 0,
    reasons: {},
  });

  write(batch: SampleBatch): SampleResult {
    this.batches.push(batch);
    return this.refuse(batch);
  }
}

/** Counts as text: `name{label=value}` → sum. */
export class RecordingTelemetry implements Telemetry {
  readonly counts = new Map<string, number>();
  readonly gauges = new Map<string, () => unknown>();

  count(metric: string, labels: Readonly<Record<string, string>> = {}, by = 1): void {
    const inner = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
    const key = inner.length === 0 ? metric : `${metric}{${inner.join(",")}}`;
    this.counts.set(key, (this.counts.get(key) ?? 0) + by);
  }
  observe(): void {}
  gauge(metric: string, read: () => unknown): void {
    this.gauges.set(metric, read);
  }
}

/** Log lines as `level message`, with their fields. */
export class RecordingLog implements Log {
  readonly lines: { level: string; message: string; fields: Record<string, unknown> | undefined }[] = [];
  debug(message: string, fields?: Record<string, unknown>): void {
    this.lines.push({ level: "debug", message, fields });
  }
  info(message: string, fields?: Record<string, unknown>): void {
    this.lines.push({ level: "info", message, fields });
  }
  warn(message: string, fields?: Record<string, unknown>): void {
    this.lines.push({ level: "warn", message, fields });
  }
  error(message: string, fields?: Record<string, unknown>): void {
    this.lines.push({ level: "error", message, fields });
  }
}

/** A feed that the test drives. */
export class ManualFeed implements ChangeFeed {
  readonly listeners = new Set<(change: Change) => void>();
  subscribe(listener: (change: Change) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }
  send(change: Change): void {
    for (const listener of this.listeners) listener(change);
  }
}
