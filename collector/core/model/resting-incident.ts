import type { Impact, Incident, Member, RootCause, TimelineEntry } from "./incident.ts";
import { SEVERITIES } from "./severity.ts";
import type { Milliseconds, UnixMillis } from "./time.ts";

/** What of an incident is asked for when something happens to it, or when somebody reads it, and takes nearly all its room. */
export type Details = Pick<
  Incident,
  | "title"
  | "acknowledgedAt"
  | "closedAt"
  | "reopened"
  | "openingAt"
  | "rootCause"
  | "rootPinned"
  | "membersPinned"
  | "impact"
  | "members"
  | "owner"
  | "timeline"
  | "holdUntil"
  | "quietSince"
  | "rootClearSince"
  | "strayCheckAt"
  | "pageHoldUntil"
  | "updateDueAt"
  | "withheld"
>;

/** The texts of its first member, which its alert has too. */
type Names = Pick<Member, "summary" | "ci" | "check" | "source" | "instance" | "alert" | "reason">;

/** The details of an incident as one short text, and its names beside it. A class, so that one costs little. */
export class Resting implements Names {
  readonly summary: string;
  readonly ci: string;
  readonly check: string;
  readonly source: string;
  readonly instance: string;
  readonly alert: string;
  readonly reason: string;
  readonly packed: string;
  /** When the last member joined, after the opening. */
  readonly joinedAfterMs: Milliseconds;

  constructor({ summary, ci, check, source, instance, alert, reason }: Names, packed: string, after: Milliseconds) {
    this.summary = summary;
    this.ci = ci;
    this.check = check;
    this.source = source;
    this.instance = instance;
    this.alert = alert;
    this.reason = reason;
    this.packed = packed;
    this.joinedAfterMs = after;
  }
}

const NAMELESS: Names = { summary: "", ci: "", check: "", source: "", instance: "", alert: "", reason: "" };

const BETWEEN = "\u0000";
const NULL = "\u0008";
/** Each stands for a name: as the whole text, and the first three within one. */
const [SUMMARY, CI, CHECK] = ["\u0001", "\u0002", "\u0003"] as const;
const [SOURCE, INSTANCE, ALERT, REASON] = ["\u0004", "\u0005", "\u0006", "\u0007"] as const;
const LAST_MARK = 8;
/** Shorter names are found in texts by chance. */
const NAME_MIN = 3;
const STATUSES: readonly Member["status"][] = ["firing", "unobserved", "resolved"];

/** null: not without loss. */
export function packDetails(details: Readonly<Details>, openedAt: UnixMillis): Resting | null {
  const { members, rootCause, impact, timeline } = details;
  const names: Names = members[0] ?? NAMELESS;
  const packer = new Packer(names, openedAt);
  packer.text(details.title);
  packer.time(details.acknowledgedAt);
  packer.time(details.closedAt);
  packer.number(details.reopened);
  packer.time(details.openingAt);
  packer.flag(details.rootPinned);
  packer.flag(details.membersPinned);
  packer.text(details.owner);
  for (const at of [details.holdUntil, details.quietSince, details.rootClearSince]) packer.time(at);
  for (const at of [details.strayCheckAt, details.pageHoldUntil, details.updateDueAt]) packer.time(at);
  packer.text(details.withheld);
  packRoot(packer, rootCause);
  packImpact(packer, impact);
  packer.number(members.length);
  let joinedAfterMs = -openedAt;
  for (const member of members) {
    packMember(packer, member);
    joinedAfterMs = Math.max(joinedAfterMs, member.joinedAt - openedAt);
  }
  packer.number(timeline.length);
  for (const { at, kind, text, actor } of timeline) {
    packer.time(at);
    packer.text(kind);
    packer.text(text);
    packer.text(actor);
  }
  const packed = packer.packed();
  return packed === null ? null : new Resting(names, packed, joinedAfterMs);
}

export function unpackDetails(resting: Resting, openedAt: UnixMillis): Details {
  const from = new Unpacker(resting.packed, resting, openedAt);
  const title = from.words();
  const acknowledgedAt = from.time();
  const closedAt = from.time();
  const reopened = from.number();
  const openingAt = from.instant();
  const rootPinned = from.flag();
  const membersPinned = from.flag();
  const owner = from.text();
  const holdUntil = from.time();
  const quietSince = from.time();
  const rootClearSince = from.time();
  const strayCheckAt = from.time();
  const pageHoldUntil = from.time();
  const updateDueAt = from.time();
  const withheld = from.text();
  const rootCause = unpackRoot(from);
  const impact = unpackImpact(from);
  const members = from.list(() => unpackMember(from));
  const timeline = from.list(
    (): TimelineEntry => ({ at: from.instant(), kind: from.words(), text: from.words(), actor: from.text() }),
  );
  return {
    title,
    acknowledgedAt,
    closedAt,
    reopened,
    openingAt,
    rootCause,
    rootPinned,
    membersPinned,
    impact,
    members,
    owner,
    timeline,
    holdUntil,
    quietSince,
    rootClearSince,
    strayCheckAt,
    pageHoldUntil,
    updateDueAt,
    withheld,
  };
}

/** Whether this name or text is anywhere in the details. May be true where it is only a part of another one. */
export function mentions(resting: Resting, text: string): boolean {
  const { source, instance, alert, reason, packed } = resting;
  if (text === source || text === instance || text === alert || text === reason) return true;
  return filled(packed, resting).includes(text);
}

function packRoot(packer: Packer, { ci, confidence, inferred, candidates, change, rootless }: RootCause): void {
  packer.text(ci);
  packer.number(confidence);
  packer.flag(inferred);
  packer.text(change);
  packer.text(rootless ?? null);
  packer.number(candidates.length);
  for (const candidate of candidates) {
    packer.text(candidate.ci);
    packer.number(candidate.score);
    packer.number(candidate.reasons.length);
    for (const reason of candidate.reasons) packer.text(reason);
  }
}

function unpackRoot(from: Unpacker): RootCause {
  const ci = from.text();
  const confidence = from.number();
  const inferred = from.flag();
  const change = from.text();
  const rootless = from.text();
  const candidates = from.list(() => ({
    ci: from.words(),
    score: from.number(),
    reasons: from.list(() => from.words()),
  }));
  const root: RootCause = { ci, confidence, inferred, candidates, change };
  return rootless === null ? root : { ...root, rootless };
}

function packImpact(packer: Packer, { services, cis }: Impact): void {
  packer.number(services.length);
  for (const { ci, criticality, redundancyLeft } of services) {
    packer.text(ci);
    packer.number(criticality);
    packer.number(redundancyLeft);
  }
  packer.number(cis.length);
  for (const ci of cis) packer.text(ci);
}

function unpackImpact(from: Unpacker): Impact {
  const services = from.list(() => ({
    ci: from.words(),
    criticality: from.number(),
    redundancyLeft: from.numberOrNull(),
  }));
  return { services, cis: from.list(() => from.words()) };
}

function packMember(packer: Packer, member: Readonly<Member>): void {
  packer.text(member.alert);
  packer.number(member.episode);
  packer.text(member.ci);
  packer.text(member.source);
  packer.text(member.check);
  packer.text(member.instance);
  packer.number(SEVERITIES.indexOf(member.severity));
  packer.text(member.summary);
  packer.number(STATUSES.indexOf(member.status));
  packer.time(member.firstSeenAt);
  packer.time(member.lastSeenAt);
  packer.time(member.resolvedAt);
  packer.time(member.occurredAt);
  packer.number(member.count);
  packer.time(member.joinedAt);
  packer.text(member.reason);
}

function unpackMember(from: Unpacker): Member {
  return {
    alert: from.words(),
    episode: from.number(),
    ci: from.words(),
    source: from.words(),
    check: from.words(),
    instance: from.words(),
    severity: SEVERITIES[from.number()] ?? "info",
    summary: from.words(),
    status: STATUSES[from.number()] ?? "firing",
    firstSeenAt: from.instant(),
    lastSeenAt: from.instant(),
    resolvedAt: from.time(),
    occurredAt: from.instant(),
    count: from.number(),
    joinedAt: from.instant(),
    reason: from.words(),
  };
}

/** One value after the other, in an order that the reader knows too. */
class Packer {
  private readonly parts: string[] = [];
  private readonly names: Names;
  private readonly from: UnixMillis;
  private isSound: boolean;

  constructor(names: Names, from: UnixMillis) {
    this.names = names;
    this.from = from;
    const { summary, ci, check } = names;
    this.isSound = Number.isSafeInteger(from) && !isMarked(summary) && !isMarked(ci) && !isMarked(check);
  }

  number(value: number | null): void {
    if (value !== null && !Number.isFinite(value)) this.isSound = false;
    this.parts.push(value === null ? "" : String(value));
  }

  flag(value: boolean): void {
    this.parts.push(value ? "1" : "");
  }

  /** Distances are exact for whole numbers only, and most are short. */
  time(at: UnixMillis | null): void {
    if (at !== null && !Number.isSafeInteger(at)) this.isSound = false;
    this.parts.push(at === null ? "" : String(at - this.from));
  }

  text(text: string | null): void {
    this.parts.push(text === null ? NULL : this.shortened(text));
  }

  /** null: something in it cannot be told apart from our own signs, or is no number. */
  packed(): string | null {
    return this.isSound ? this.parts.join(BETWEEN) : null;
  }

  private shortened(text: string): string {
    const { summary, ci, check, source, instance, alert, reason } = this.names;
    if (text === "") return "";
    if (text === summary) return SUMMARY;
    if (text === ci) return CI;
    if (text === check) return CHECK;
    if (text === source) return SOURCE;
    if (text === instance) return INSTANCE;
    if (text === alert) return ALERT;
    if (text === reason) return REASON;
    if (isMarked(text)) this.isSound = false;
    return marked(marked(marked(text, summary, SUMMARY), ci, CI), check, CHECK);
  }
}

function marked(text: string, name: string, mark: string): string {
  if (name.length < NAME_MIN || name.length > text.length) return text;
  const at = text.indexOf(name);
  if (at < 0) return text;
  return `${text.slice(0, at)}${mark}${marked(text.slice(at + name.length), name, mark)}`;
}

function isMarked(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) <= LAST_MARK) return true;
  return false;
}

class Unpacker {
  private readonly parts: readonly string[];
  private readonly names: Names;
  private readonly from: UnixMillis;
  private next = 0;

  constructor(packed: string, names: Names, from: UnixMillis) {
    this.parts = packed.split(BETWEEN);
    this.names = names;
    this.from = from;
  }

  number(): number {
    return Number(this.part());
  }

  numberOrNull(): number | null {
    const part = this.part();
    return part === "" ? null : Number(part);
  }

  flag(): boolean {
    return this.part() === "1";
  }

  instant(): UnixMillis {
    return Number(this.part()) + this.from;
  }

  time(): UnixMillis | null {
    const part = this.part();
    return part === "" ? null : Number(part) + this.from;
  }

  text(): string | null {
    const part = this.part();
    return part === NULL ? null : this.full(part);
  }

  words(): string {
    return this.full(this.part());
  }

  list<T>(item: () => T): T[] {
    const length = this.number();
    // Mostly it is one: a list that grows has room for sixteen more.
    const list = length === 0 ? [] : [item()];
    while (list.length < length) list.push(item());
    return list;
  }

  private part(): string {
    const part = this.parts[this.next] ?? "";
    this.next += 1;
    return part;
  }

  private full(text: string): string {
    const { source, instance, alert, reason } = this.names;
    if (text === SOURCE) return source;
    if (text === INSTANCE) return instance;
    if (text === ALERT) return alert;
    if (text === REASON) return reason;
    return filled(text, this.names);
  }
}

function unmarked(text: string, mark: string, name: string): string {
  const at = text.indexOf(mark);
  return at < 0 ? text : `${text.slice(0, at)}${name}${unmarked(text.slice(at + 1), mark, name)}`;
}

/** With the names that can stand within a text. As a whole text they are the very texts that they were. */
function filled(text: string, { summary, ci, check }: Names): string {
  if (text === SUMMARY) return summary;
  if (text === CI) return ci;
  if (text === CHECK) return check;
  return unmarked(unmarked(unmarked(text, CHECK, check), CI, ci), SUMMARY, summary);
}
