import type { IncidentId } from "./identity.ts";
import type { Impact, Incident, IncidentStatus, Member, RootCause, TimelineEntry, Told } from "./incident.ts";
import { type Details, mentions, packDetails, type Resting, unpackDetails } from "./resting-incident.ts";
import type { Priority, Severity } from "./severity.ts";
import type { UnixMillis } from "./time.ts";

/**
 * An incident that can be put to rest. Most of the time most incidents are only there: what nobody asks for is then one
 * short text, a fifth of its room, and is itself again as soon as anybody asks. Nobody sees a difference, but for one: to spread
 * it gives only half of it, see `plainIncident`.
 */
export class IncidentRecord implements Incident {
  readonly id: IncidentId;
  readonly number: number;
  status: IncidentStatus;
  severity: Severity;
  priority: Priority;
  readonly openedAt: UnixMillis;
  resolvedAt: UnixMillis | null;
  alertCount: number;
  revision: number;
  mergedInto: IncidentId | null;
  problem: string | null;
  told: Told[];
  holdReason: string | null;
  pageWorthy: boolean;
  pageReason: string;
  /** One of the two is there. */
  private details: Details | null;
  private resting: Resting | null = null;

  constructor(from: Incident) {
    this.id = from.id;
    this.number = from.number;
    this.status = from.status;
    this.severity = from.severity;
    this.priority = from.priority;
    this.openedAt = from.openedAt;
    this.resolvedAt = from.resolvedAt;
    this.alertCount = from.alertCount;
    this.revision = from.revision;
    this.mergedInto = from.mergedInto;
    this.problem = from.problem;
    this.told = from.told;
    this.holdReason = from.holdReason;
    this.pageWorthy = from.pageWorthy;
    this.pageReason = from.pageReason;
    this.details = detailsOf(from);
  }

  get isAtRest(): boolean {
    return this.details === null;
  }

  /** Only between two steps: who has asked for a member or for the timeline may not change them after that. */
  rest(): void {
    if (this.details === null) return;
    this.resting = packDetails(this.details, this.openedAt);
    if (this.resting !== null) this.details = null;
  }

  /** When the last of its members joined; 0 = it has none. Does not wake it. */
  get lastJoinedAt(): UnixMillis {
    if (this.details === null) return this.openedAt + (this.resting?.joinedAfterMs ?? 0);
    return lastJoined(this.details.members);
  }

  /** Whether this CI, or another text, may be in what rests; true while it is awake. Does not wake it. */
  mentions(text: string): boolean {
    return this.resting === null || mentions(this.resting, text);
  }

  private get awake(): Details {
    return this.details ?? this.wake();
  }

  private wake(): Details {
    if (this.resting === null) throw new Error(`incident ${this.id} has lost its details`);
    const details = unpackDetails(this.resting, this.openedAt);
    this.details = details;
    this.resting = null;
    return details;
  }

  get title(): string {
    return this.awake.title;
  }

  set title(value: string) {
    this.awake.title = value;
  }

  get acknowledgedAt(): UnixMillis | null {
    return this.awake.acknowledgedAt;
  }

  set acknowledgedAt(value: UnixMillis | null) {
    this.awake.acknowledgedAt = value;
  }

  get closedAt(): UnixMillis | null {
    return this.awake.closedAt;
  }

  set closedAt(value: UnixMillis | null) {
    this.awake.closedAt = value;
  }

  get reopened(): number {
    return this.awake.reopened;
  }

  set reopened(value: number) {
    this.awake.reopened = value;
  }

  get openingAt(): UnixMillis {
    return this.awake.openingAt;
  }

  set openingAt(value: UnixMillis) {
    this.awake.openingAt = value;
  }

  get rootCause(): RootCause {
    return this.awake.rootCause;
  }

  set rootCause(value: RootCause) {
    this.awake.rootCause = value;
  }

  get rootPinned(): boolean {
    return this.awake.rootPinned;
  }

  set rootPinned(value: boolean) {
    this.awake.rootPinned = value;
  }

  get membersPinned(): boolean {
    return this.awake.membersPinned;
  }

  set membersPinned(value: boolean) {
    this.awake.membersPinned = value;
  }

  get impact(): Impact {
    return this.awake.impact;
  }

  set impact(value: Impact) {
    this.awake.impact = value;
  }

  get members(): Member[] {
    return this.awake.members;
  }

  set members(value: Member[]) {
    this.awake.members = value;
  }

  get owner(): string | null {
    return this.awake.owner;
  }

  set owner(value: string | null) {
    this.awake.owner = value;
  }

  get timeline(): TimelineEntry[] {
    return this.awake.timeline;
  }

  set timeline(value: TimelineEntry[]) {
    this.awake.timeline = value;
  }

  get holdUntil(): UnixMillis | null {
    return this.awake.holdUntil;
  }

  set holdUntil(value: UnixMillis | null) {
    this.awake.holdUntil = value;
  }

  get quietSince(): UnixMillis | null {
    return this.awake.quietSince;
  }

  set quietSince(value: UnixMillis | null) {
    this.awake.quietSince = value;
  }

  get rootClearSince(): UnixMillis | null {
    return this.awake.rootClearSince;
  }

  set rootClearSince(value: UnixMillis | null) {
    this.awake.rootClearSince = value;
  }

  get strayCheckAt(): UnixMillis | null {
    return this.awake.strayCheckAt;
  }

  set strayCheckAt(value: UnixMillis | null) {
    this.awake.strayCheckAt = value;
  }

  get pageHoldUntil(): UnixMillis | null {
    return this.awake.pageHoldUntil;
  }

  set pageHoldUntil(value: UnixMillis | null) {
    this.awake.pageHoldUntil = value;
  }

  get updateDueAt(): UnixMillis | null {
    return this.awake.updateDueAt;
  }

  set updateDueAt(value: UnixMillis | null) {
    this.awake.updateDueAt = value;
  }

  get withheld(): string | null {
    return this.awake.withheld;
  }

  set withheld(value: string | null) {
    this.awake.withheld = value;
  }

  /** The plain incident, in the order in which it is stored. */
  toJSON(): Incident {
    return {
      id: this.id,
      number: this.number,
      status: this.status,
      severity: this.severity,
      priority: this.priority,
      title: this.title,
      openedAt: this.openedAt,
      acknowledgedAt: this.acknowledgedAt,
      resolvedAt: this.resolvedAt,
      closedAt: this.closedAt,
      reopened: this.reopened,
      openingAt: this.openingAt,
      rootCause: this.rootCause,
      rootPinned: this.rootPinned,
      membersPinned: this.membersPinned,
      impact: this.impact,
      members: this.members,
      alertCount: this.alertCount,
      owner: this.owner,
      timeline: this.timeline,
      revision: this.revision,
      mergedInto: this.mergedInto,
      problem: this.problem,
      told: this.told,
      holdUntil: this.holdUntil,
      holdReason: this.holdReason,
      quietSince: this.quietSince,
      rootClearSince: this.rootClearSince,
      strayCheckAt: this.strayCheckAt,
      pageWorthy: this.pageWorthy,
      pageReason: this.pageReason,
      pageHoldUntil: this.pageHoldUntil,
      updateDueAt: this.updateDueAt,
      withheld: this.withheld,
    };
  }
}

/** All of it, to be changed or told elsewhere. */
export function plainIncident(incident: Readonly<Incident>): Incident {
  return incident instanceof IncidentRecord ? incident.toJSON() : { ...incident };
}

function detailsOf(incident: Readonly<Incident>): Details {
  return {
    title: incident.title,
    acknowledgedAt: incident.acknowledgedAt,
    closedAt: incident.closedAt,
    reopened: incident.reopened,
    openingAt: incident.openingAt,
    rootCause: incident.rootCause,
    rootPinned: incident.rootPinned,
    membersPinned: incident.membersPinned,
    impact: incident.impact,
    members: incident.members,
    owner: incident.owner,
    timeline: incident.timeline,
    holdUntil: incident.holdUntil,
    quietSince: incident.quietSince,
    rootClearSince: incident.rootClearSince,
    strayCheckAt: incident.strayCheckAt,
    pageHoldUntil: incident.pageHoldUntil,
    updateDueAt: incident.updateDueAt,
    withheld: incident.withheld,
  };
}

export function lastJoined(members: readonly Readonly<Member>[]): UnixMillis {
  let last = 0;
  for (const { joinedAt } of members) last = Math.max(last, joinedAt);
  return last;
}
