import type { Milliseconds, UnixMillis } from "../core/model/time.ts";
import type { Exemplar, Sample } from "../../protocol/sample.ts";
import type { Clock } from "../port/clock.ts";
import type { SampleBatch, SampleResult, SampleSink } from "../port/samples.ts";
import type { Telemetry } from "../port/telemetry.ts";
import type { Detection, Detector } from "../../rules/detect/detector.ts";
import { type SenderView, viewOf } from "./exposition.ts";
import { HistoryRing } from "./history.ts";
import { BORDER_LABELS, escapeLabel } from "./prometheus-names.ts";
import { Sender } from "./sender.ts";
import { type SeriesFamily, ShapeTable, withinLabelLimits } from "./series-shape.ts";

/** When a limit is reached new series are refused; those that are there stay. */
export interface SeriesLimits {
  seriesMax: number;
  seriesPerSenderMax: number;
  /** Of one sender, with the same metric name. */
  seriesPerMetricMax: number;
  sendersMax: number;
  /** Series with an hour of history, first come first served; 2.9 KB each. */
  historyMax: number;
}

export const DEFAULT_SERIES_LIMITS: SeriesLimits = {
  seriesMax: 2_000_000,
  seriesPerSenderMax: 10_000,
  seriesPerMetricMax: 2000,
  sendersMax: 100_000,
  historyMax: 5000,
};

/** A series that was not heard for this long is gone. */
export const SERIES_STALE_AFTER_MS: Milliseconds = 300_000;

export interface SeriesStoreOptions {
  clock: Clock;
  telemetry: Telemetry;
  /** The CMDB's id of a CI that a sender names, or the name as it is. */
  resolveCi: (name: string) => string;
  /** Evaluates foreign samples; our agents evaluate theirs at the edge. */
  detector: Detector | null;
  onDetections: (detections: readonly Detection[]) => void;
  /** A sender began to have series refused (`firing`), or has not for ten minutes (`resolved`). */
  onLimit: (ci: string, status: "firing" | "resolved", at: UnixMillis) => void;
  limits?: Partial<SeriesLimits>;
}

type Reason = keyof SampleResult["reasons"];

/** All senders of one CI. */
interface Host {
  ci: string;
  senders: Map<string, Sender>;
  /** Made on demand, from these versions of the senders. */
  views: { versions: string; views: { sender: Sender; view: SenderView }[] } | null;
}

/** Sources whose series are not shown to Prometheus: what it wrote to us it has. */
const NOT_EXPOSED = "remote-write";
/** Series that keep an exemplar; about half a KiB each. */
const EXEMPLARS_MAX = 100_000;
const LIMIT_QUIET_MS: Milliseconds = 600_000;

/**
 * The newest value of each series, in memory, for exposition, detection and short charts. A restart empties it; senders
 * fill it again within their interval.
 *
 * `write` costs some hundred nanoseconds a sample for a series that is known. All limits refuse new series, never old ones.
 */
export class SeriesStore implements SampleSink {
  private readonly options: SeriesStoreOptions;
  private readonly limits: SeriesLimits;
  private readonly table = new ShapeTable();
  private readonly hosts = new Map<string, Host>();
  private detector: Detector | null;
  private seriesCount = 0;
  private senderCount = 0;
  private historyCount = 0;
  private exemplarCount = 0;
  private sweepIterator: Iterator<Host> | null = null;

  constructor(options: SeriesStoreOptions) {
    this.options = options;
    this.detector = options.detector;
    this.limits = { ...DEFAULT_SERIES_LIMITS, ...options.limits };
    options.telemetry.gauge("tocsin_series", () => this.seriesCount);
    options.telemetry.gauge("tocsin_series_senders", () => this.senderCount);
    options.telemetry.gauge("tocsin_series_shapes", () => this.table.size);
  }

  /** For rules that were loaded again; conditions of the old ones are the caller's to clear. */
  setDetector(detector: Detector | null): void {
    this.detector = detector;
  }

  write(batch: SampleBatch, receivedAt: UnixMillis): SampleResult {
    const result: SampleResult = { accepted: 0, rejected: 0, reasons: {} };
    const sender = this.senderOf(batch);
    if (sender === null)
      return { accepted: 0, rejected: batch.samples.length, reasons: { overload: batch.samples.length } };
    sender.heardAt = receivedAt;
    sender.intervalMs = batch.intervalMs;
    for (const sample of batch.samples) {
      const reason = this.accept(sender, sample, batch, receivedAt);
      if (reason === null) result.accepted += 1;
      else {
        result.rejected += 1;
        result.reasons[reason] = (result.reasons[reason] ?? 0) + 1;
      }
    }
    if (batch.exemplars !== undefined) {
      result.exemplars = 0;
      for (const { series, exemplar } of batch.exemplars) {
        const position = sender.find(series);
        if (position >= 0 && this.keepExemplar(sender, position, exemplar)) result.exemplars += 1;
      }
    }
    if (result.reasons.seriesLimit !== undefined) this.limited(sender, receivedAt);
    return result;
  }

  /** Series and senders that are live now. */
  counts(): { series: number; senders: number; shapes: number } {
    return { series: this.seriesCount, senders: this.senderCount, shapes: this.table.size };
  }

  /** Live series that agents and others sent for this CI (its id). */
  countOf(ci: string): number {
    let count = 0;
    for (const sender of this.hosts.get(ci)?.senders.values() ?? []) count += sender.size;
    return count;
  }

  families(): SeriesFamily[] {
    return this.table.familyList();
  }

  /** Ids of the CIs that have series. */
  cis(): Iterable<string> {
    return this.hosts.keys();
  }

  /**
   * What Prometheus may see of one CI; senders that have fallen silent are left out. Empty for a CI that has nothing.
   *
   * @param source only what came in this way, also by remote write, which is not shown otherwise.
   */
  viewsOf(ci: string, now: UnixMillis, source?: string): SenderView[] {
    const host = this.hosts.get(ci);
    if (host === undefined) return [];
    return (source === undefined ? cachedViews(host) : viewsBySource(host, source))
      .filter(({ sender }) => now - sender.heardAt <= senderStaleAfterMs(sender))
      .map(({ view }) => view);
  }

  /** The last hour of the series of one metric of a CI. */
  history(ci: string, name: string, from: UnixMillis, to: UnixMillis): SeriesHistory[] {
    const found: SeriesHistory[] = [];
    for (const sender of this.hosts.get(ci)?.senders.values() ?? []) {
      const { shapes } = sender.columns();
      for (const [position, shape] of shapes.entries()) {
        if (shape.name !== name) continue;
        const points = sender.ring(position)?.points(from, to);
        if (points !== undefined)
          found.push({
            source: sender.source,
            labels: shape.labels,
            type: shape.type,
            unit: shape.unit,
            exemplar: sender.exemplar(position) ?? null,
            points,
          });
      }
    }
    return found;
  }

  /** Removes what has gone stale from a thirtieth of the hosts; called each second, so that no call is long. */
  sweep(now: UnixMillis): void {
    let left = Math.ceil(this.hosts.size / 30);
    for (; left > 0; left--) {
      this.sweepIterator ??= this.hosts.values();
      const next = this.sweepIterator.next();
      if (next.done === true) {
        this.sweepIterator = null;
        break;
      }
      this.sweepHost(next.value, now);
    }
  }

  /** Lets detection see that time has passed; called every few seconds. */
  tick(now: UnixMillis): void {
    this.report(this.detector?.tick(now) ?? []);
  }

  private accept(sender: Sender, sample: Sample, batch: SampleBatch, receivedAt: UnixMillis): Reason | null {
    let position = sender.find(sample);
    if (Number.isNaN(sample.value)) {
      if (position >= 0) sender.end(position);
      return null;
    }
    // A sender's clock that is ahead must not make its next samples look old.
    const at = sample.at > 0 ? Math.min(sample.at, receivedAt) : receivedAt;
    const isDelta = batch.temporality === "delta" && sample.type === "counter";
    if (position < 0) {
      const reason = this.refusal(sender, sample);
      if (reason !== null) return reason;
      position = sender.add(sample, batch.help?.get(sample.name));
      this.seriesCount += 1;
      this.startHistory(sender, position);
    } else if (at <= sender.lastSampledAt(position))
      return this.acceptOld(sender, position, { at, value: sample.value, isDelta });
    const before = sender.value(position);
    const value = isDelta && !Number.isNaN(before) ? before + sample.value : sample.value;
    sender.set(position, value, at, receivedAt);
    sender.ring(position)?.put(at, value);
    if (sample.exemplar !== undefined) this.keepExemplar(sender, position, sample.exemplar);
    if (this.detector !== null && sender.source !== "agent") {
      const seen = value === sample.value && at === sample.at ? sample : { ...sample, value, at };
      this.report(this.detector.observe(sender.ci, seen));
    }
    return null;
  }

  /** A sample that is not newer than the last: the same again, or one that was spooled meanwhile and fills the history. */
  private acceptOld(
    sender: Sender,
    position: number,
    old: { at: UnixMillis; value: number; isDelta: boolean },
  ): Reason | null {
    if (old.isDelta) return "stale";
    if (old.at === sender.lastSampledAt(position)) return null;
    return sender.ring(position)?.put(old.at, old.value) === true ? null : "stale";
  }

  private refusal(sender: Sender, sample: Sample): Reason | null {
    if (!withinLabelLimits(sample)) return "labelLimit";
    const { seriesMax, seriesPerSenderMax, seriesPerMetricMax } = this.limits;
    if (this.seriesCount >= seriesMax || sender.size >= seriesPerSenderMax) return "seriesLimit";
    if (sender.size >= seriesPerMetricMax && sender.countOf(sample.name) >= seriesPerMetricMax) return "seriesLimit";
    return null;
  }

  /** Beyond the limit those that are there are renewed, and no new ones are taken (false). */
  private keepExemplar(sender: Sender, position: number, exemplar: Exemplar): boolean {
    if (this.exemplarCount >= EXEMPLARS_MAX && sender.exemplar(position) === undefined) return false;
    if (sender.keepExemplar(position, exemplar)) this.exemplarCount += 1;
    return true;
  }

  private startHistory(sender: Sender, position: number): void {
    if (this.historyCount >= this.limits.historyMax) return;
    this.historyCount += 1;
    sender.keepHistory(position, new HistoryRing());
  }

  private senderOf(batch: SampleBatch): Sender | null {
    const ci = this.options.resolveCi(batch.ci);
    let host = this.hosts.get(ci);
    const labels = borderLabels(batch.labels);
    const key = `${batch.source}\n${labels}`;
    const known = host?.senders.get(key);
    if (known !== undefined) return known;
    if (this.senderCount >= this.limits.sendersMax) return null;
    if (host === undefined) {
      host = { ci, senders: new Map(), views: null };
      this.hosts.set(ci, host);
    }
    const sender = new Sender({ ci, source: batch.source, labelText: `ci="${escapeLabel(ci)}"${labels}` }, this.table);
    host.senders.set(key, sender);
    this.senderCount += 1;
    return sender;
  }

  private sweepHost(host: Host, now: UnixMillis): void {
    for (const [key, sender] of host.senders) {
      const silent = now - sender.heardAt > senderStaleAfterMs(sender);
      const gone = sender.removeStale(silent ? Number.POSITIVE_INFINITY : now - SERIES_STALE_AFTER_MS);
      this.seriesCount -= gone.series;
      this.historyCount -= gone.rings;
      this.exemplarCount -= gone.exemplars;
      if (gone.series > 0) this.options.telemetry.count("tocsin_series_stale_total", {}, gone.series);
      if (sender.limitedAt !== null && (silent || now - sender.limitedAt > LIMIT_QUIET_MS)) {
        sender.limitedAt = null;
        this.options.onLimit(host.ci, "resolved", now);
      }
      if (!silent) continue;
      host.senders.delete(key);
      this.senderCount -= 1;
    }
    if (host.senders.size === 0) this.hosts.delete(host.ci);
  }

  private limited(sender: Sender, at: UnixMillis): void {
    if (sender.limitedAt === null) this.options.onLimit(sender.ci, "firing", at);
    sender.limitedAt = at;
  }

  private report(detections: readonly Detection[]): void {
    if (detections.length > 0) this.options.onDetections(detections);
  }
}

export interface SeriesHistory {
  source: string;
  labels: Readonly<Record<string, string>>;
  type: Sample["type"];
  unit: string;
  /** The newest: a measurement with its trace. */
  exemplar: Exemplar | null;
  /** Ten-second slots, oldest first. */
  points: [at: UnixMillis, value: number][];
}

function senderStaleAfterMs(sender: Sender): Milliseconds {
  return sender.intervalMs === undefined ? SERIES_STALE_AFTER_MS : Math.max(5 * sender.intervalMs, 30_000);
}

/** `,service_name="shop"`: those resource labels that may stand on each series, sorted. */
function borderLabels(labels: Readonly<Record<string, string>>): string {
  let text = "";
  for (const key of Object.keys(labels).sort()) {
    const name = key.replace(/[^a-zA-Z0-9_]/g, "_");
    const value = labels[key]!;
    if (name !== "ci" && value !== "" && BORDER_LABELS.includes(name))
      text += `,${name}="${escapeLabel(value.slice(0, 1024))}"`;
  }
  return text;
}

function viewsBySource(host: Host, source: string): { sender: Sender; view: SenderView }[] {
  const senders = [...host.senders.values()].filter((sender) => sender.source === source);
  const taken = senders.length > 1 ? new Set<string>() : null;
  return senders.map((sender) => ({ sender, view: viewOf(sender, taken) }));
}

function cachedViews(host: Host): { sender: Sender; view: SenderView }[] {
  const exposed = [...host.senders.values()].filter((sender) => sender.source !== NOT_EXPOSED);
  // Our agent's series win over those of another sender with the same name and labels.
  exposed.sort((a, b) => Number(b.source === "agent") - Number(a.source === "agent"));
  const versions = exposed.map((sender) => sender.version).join();
  if (host.views?.versions === versions && host.views.views.every(({ sender }, index) => sender === exposed[index]))
    return host.views.views;
  const taken = exposed.length > 1 ? new Set<string>() : null;
  host.views = { versions, views: exposed.map((sender) => ({ sender, view: viewOf(sender, taken) })) };
  return host.views.views;
}
