import { Buffer } from "node:buffer";
import { idAt } from "../../core/model/alert-ref.ts";
import type { Outcome } from "../../core/model/effect.ts";
import type { AlertId } from "../../core/model/identity.ts";
import type { UnixMillis } from "../../core/model/time.ts";
import { Refusal } from "../../port/ingest.ts";
import type { Letter, Submission } from "../../port/intake.ts";
import { type AlertTimes, endOf, InvalidAlert, severityNamed, severityOf } from "../prometheus-alert.ts";
import { AlertMemory } from "./alert-memory.ts";
import { BodyScanner, type ScannedAlert } from "./body-scan.ts";
import { Lessons, type Origin } from "./lessons.ts";
import { News } from "./news.ts";
import { RepeatedText } from "./repeated-text.ts";
import { PostedAlerts, type PostedAlertOptions, TimeReader } from "./posted-alert.ts";
import { type Group, Groups } from "./unchanged.ts";

export interface AlertReaderOptions extends PostedAlertOptions {
  /** Alerts remembered, so that sending one again costs little. About 50 bytes each. */
  rememberedMax: number;
  /** In one request. */
  alertsMax: number;
  /** Two random numbers. */
  seeds: readonly [number, number];
  /** Where the core has an alert. */
  placeOf: (alert: AlertId) => number;
}

/** What a body says. */
export interface ReadAlerts {
  /** What is new or has changed, in the order of the body. */
  news: News;
  /** What is to be learned from it. */
  lessons: Lessons;
  /** Among it is something critical. */
  isNewCritical: boolean;
  /** Alerts that are as they were, by the moment until which they hold, and where they lie in the body. */
  groups: Group[];
  /** Why alerts were left out, with their places. */
  faults: string[];
  invalid: number;
  /** Of them, and of those that were left out. */
  count: number;
  /** Among what is as it was is something critical. */
  isCritical: boolean;
}

/** More mistakes than these are counted, not told. */
const FAULTS_MAX = 10;

/**
 * Turns posted alerts into what the core takes. A client sends every firing alert again each minute, with nothing changed
 * but `endsAt`: such an alert is known by the hash of its bytes and costs neither parsing nor an event.
 */
export class AlertReader {
  private readonly options: AlertReaderOptions;
  private readonly memory: AlertMemory;
  private readonly scanner: BodyScanner;
  private readonly ends = new TimeReader();
  private readonly posted: PostedAlerts;
  private readonly startsAt = new RepeatedText();
  private readonly endsAt = new RepeatedText();
  private readonly severity = new RepeatedText();

  constructor(options: AlertReaderOptions, startedAt: UnixMillis) {
    this.options = options;
    this.memory = new AlertMemory(options.rememberedMax);
    this.scanner = new BodyScanner(options.seeds);
    this.posted = new PostedAlerts(options, startedAt);
  }

  /** What alerts mean has changed: each is taken in full once more. */
  forgetAll(): void {
    this.memory.clear();
  }

  /**
   * Reads a body of valid UTF-8. undefined: it is no list of objects, or one of them is not JSON; whoever parses the whole
   * learns what is wrong.
   */
  readBody(bytes: Buffer, now: UnixMillis): ReadAlerts | undefined {
    const read = nothingRead();
    const groups = [new Groups("given"), new Groups("loose")] as const;
    const parsed = new ParsedOnDemand(bytes);
    try {
      const isList = this.scanner.scan(bytes, {
        isKnown: (scanned) => this.recognise(bytes, scanned, now, read, groups),
        visit: (scanned) => {
          this.countOne(read);
          if (scanned.hasPlainForm && this.takePlain(bytes, scanned, now, read)) return;
          const value = parsed.at(read.count - 1, scanned);
          if (this.take(value, now, read, hashOf(scanned, bytes))) read.news.add(scanned.from, scanned.to);
        },
      });
      return isList ? read : undefined;
    } catch (error) {
      if (error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  /** Reads alerts that were parsed already. */
  readList(list: readonly unknown[], now: UnixMillis): ReadAlerts {
    if (list.length > this.options.alertsMax) throw this.tooMany();
    const read = nothingRead();
    for (const value of list) {
      read.count += 1;
      if (this.take(value, now, read, undefined)) read.news.addText(JSON.stringify(value));
    }
    return read;
  }

  /** What the letters say that were made of `news`. */
  readLetter({ body, receivedAt }: Pick<Letter, "body" | "receivedAt">): Submission[] {
    const list = JSON.parse(
      Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString(),
    ) as readonly unknown[];
    return list.map((value) => {
      const event = this.posted.eventOf(this.posted.check(value, receivedAt), receivedAt);
      return { kind: "event", event };
    });
  }

  /** After the outcomes of the groups: what must be sent as events after all. */
  missedOf(bytes: Buffer, { groups }: ReadAlerts, outcomes: readonly Outcome[], now: UnixMillis): ReadAlerts {
    const missed = nothingRead();
    for (const [index, outcome] of outcomes.entries()) {
      const group = groups[index];
      if (outcome.status !== "accepted" || outcome.missed === undefined || group === undefined) continue;
      this.takeMissed(bytes, group, outcome.missed, now, missed);
    }
    return missed;
  }

  /** After the outcomes of the events: from now on these alerts are known as they are. */
  learn(lessons: Lessons, outcomes: readonly Outcome[]): void {
    for (const [index, outcome] of outcomes.entries())
      if (outcome.status === "accepted" && outcome.alert !== null)
        lessons.teach(index, { alert: outcome.alert, place: this.options.placeOf(outcome.alert) }, this.memory);
  }

  private countOne(read: ReadAlerts): void {
    if (read.count >= this.options.alertsMax) throw this.tooMany();
    read.count += 1;
  }

  private tooMany(): Refusal {
    return new Refusal(413, "tooManyAlerts", `more than ${this.options.alertsMax} alerts at once`);
  }

  private takeMissed(
    bytes: Buffer,
    { unchanged: { alerts }, places }: Group,
    missed: readonly number[],
    now: UnixMillis,
    read: ReadAlerts,
  ): void {
    for (const index of missed) {
      this.memory.forget(idAt(alerts, index));
      const place = { from: places[2 * index] ?? 0, to: places[2 * index + 1] ?? 0 };
      read.count += 1;
      // It is learned when it comes the next time.
      if (this.take(JSON.parse(textAt(bytes, place)), now, read, undefined)) read.news.add(place.from, place.to);
    }
  }

  /** True: this alert is as it was, and is in a group now. */
  private recognise(
    bytes: Buffer,
    scanned: Readonly<ScannedAlert>,
    now: UnixMillis,
    read: ReadAlerts,
    [given, loose]: readonly [Groups, Groups],
  ): boolean {
    const slot = scanned.isPlain ? this.memory.find(scanned.hashA, scanned.hashB) : -1;
    if (slot < 0) return false;
    const { from, to, endsFrom, endsTo } = scanned;
    const groups = this.memory.isLoose(slot) ? loose : given;
    const group = groups.withEnd(bytes, endsFrom, endsTo) ?? this.groupOf(bytes, scanned, now, read, groups);
    if (group === undefined) return false;
    this.countOne(read);
    this.memory.name(slot, group.unchanged.alerts);
    group.places.push(from, to);
    read.isCritical ||= this.memory.isCritical(slot);
    return true;
  }

  /** undefined: it has ended, or nobody can tell. */
  private groupOf(
    bytes: Buffer,
    scanned: Readonly<ScannedAlert>,
    now: UnixMillis,
    read: ReadAlerts,
    groups: Groups,
  ): Group | undefined {
    const said = this.saidEnd(bytes, scanned);
    const expiresAt = said ?? now + this.options.resolveTimeoutMs;
    if (Number.isNaN(expiresAt) || expiresAt <= now) return undefined;
    const endIs = said === undefined ? "assumed" : groups.saidIs;
    let group = groups.at(expiresAt, endIs);
    if (group === undefined) {
      const { expiresAfterMs } = endOf(expiresAt, endIs, now);
      group = { unchanged: { kind: "again", alerts: [], occurredAt: now, expiresAt, expiresAfterMs }, places: [] };
      groups.add(group, endIs);
      read.groups.push(group);
    }
    groups.joined(group, scanned.endsFrom, scanned.endsTo);
    return group;
  }

  /** Until when it says that it holds; undefined = it does not say, NaN = its text is no time. */
  private saidEnd(bytes: Buffer, { endsFrom, endsTo }: Readonly<ScannedAlert>): UnixMillis | undefined {
    if (endsFrom === 0) return undefined;
    try {
      return this.ends.read(bytes.toString("latin1", endsFrom, endsTo), "endsAt");
    } catch (error) {
      if (error instanceof InvalidAlert) return Number.NaN;
      throw error;
    }
  }

  /** Without parsing it: that is done when the core sees it. False: whoever parses it learns what is wrong with its times. */
  private takePlain(bytes: Buffer, scanned: Readonly<ScannedAlert>, now: UnixMillis, read: ReadAlerts): boolean {
    const { from, to, startsFrom, startsTo, endsFrom, endsTo, severityFrom, severityTo } = scanned;
    const startsAt = startsFrom === 0 ? undefined : this.startsAt.of(bytes, startsFrom, startsTo);
    const endsAt = endsFrom === 0 ? undefined : this.endsAt.of(bytes, endsFrom, endsTo);
    const word = severityFrom === 0 ? "" : this.severity.of(bytes, severityFrom, severityTo);
    if (word.includes("\\")) return false;
    try {
      const { times, hasBeginning } = this.posted.timesOf(startsAt, endsAt, now);
      const isCritical = severityNamed(word, this.options.unstatedSeverity) === "critical";
      const { hashA, hashB } = scanned;
      read.lessons.add(isFiring(times, now) ? { hashA, hashB, endsAt } : undefined, {
        isCritical,
        isLoose: !hasBeginning,
      });
      read.isNewCritical ||= isCritical;
      read.news.add(from, to);
      return true;
    } catch (error) {
      if (error instanceof InvalidAlert) return false;
      throw error;
    }
  }

  /** @param origin undefined = nothing is to be learned of it. */
  private take(value: unknown, now: UnixMillis, read: ReadAlerts, origin: Origin | undefined): boolean {
    try {
      const { labels, times, hasBeginning } = this.posted.check(value, now);
      const isCritical = severityOf(labels, this.options.unstatedSeverity) === "critical";
      const endsAt = (value as { endsAt?: unknown }).endsAt ?? undefined;
      const isKnown = isFiring(times, now) && endsAt === origin?.endsAt;
      read.lessons.add(isKnown ? origin : undefined, { isCritical, isLoose: !hasBeginning });
      read.isNewCritical ||= isCritical;
      return true;
    } catch (error) {
      if (!(error instanceof InvalidAlert)) throw error;
      if (read.faults.length < FAULTS_MAX) read.faults.push(`alert ${read.count - 1}: ${error.message}`);
      read.invalid += 1;
      return false;
    }
  }
}

const isFiring = ({ endsAt }: Readonly<AlertTimes>, now: UnixMillis): boolean => endsAt === null || endsAt > now;

/** So many alerts of a body are parsed one by one; a body with more new ones is parsed as a whole, at half the price. */
const ONE_BY_ONE = 8;

/** The alerts of one body, parsed when they are asked for. Throws `SyntaxError`. */
class ParsedOnDemand {
  private readonly bytes: Buffer;
  private asked = 0;
  private list: readonly unknown[] | undefined;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  at(index: number, place: { from: number; to: number }): unknown {
    this.asked += 1;
    if (this.asked <= ONE_BY_ONE) return JSON.parse(textAt(this.bytes, place));
    this.list ??= JSON.parse(this.bytes.toString()) as readonly unknown[];
    return this.list[index];
  }
}

/** What to learn from an alert once it is taken; undefined: nothing. */
function hashOf(
  { isPlain, hashA, hashB, endsFrom, endsTo }: Readonly<ScannedAlert>,
  bytes: Buffer,
): Origin | undefined {
  if (!isPlain) return undefined;
  return { hashA, hashB, endsAt: endsFrom === 0 ? undefined : bytes.toString("latin1", endsFrom, endsTo) };
}

const textAt = (bytes: Buffer, { from, to }: { from: number; to: number }): string => bytes.toString("utf8", from, to);

const nothingRead = (): ReadAlerts => ({
  news: new News(),
  lessons: new Lessons(),
  isNewCritical: false,
  groups: [],
  faults: [],
  invalid: 0,
  count: 0,
  isCritical: false,
});
