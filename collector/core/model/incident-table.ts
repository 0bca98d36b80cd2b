import type { Alert } from "./alert.ts";
import type { CiId } from "./ci.ts";
import type { Incident, Member } from "./incident.ts";
import { IncidentRecord } from "./incident-record.ts";
import { byText } from "./order.ts";
import { severityRank } from "./severity.ts";
import type { AlertId, IncidentId } from "./identity.ts";

/** Members that an incident shows and stores. */
export const MEMBERS_KEPT = 1000;

/** How many members each CI has, and how many of those are active. */
interface Hit {
  all: Map<CiId, number>;
  active: Map<CiId, number>;
}

/** Up to so many members are counted, and looked through for one, when somebody asks. */
const FEW_MEMBERS = 8;

/** Of an incident with more than a few members. */
interface Roll {
  /** All of them by alert: the kept ones and those beyond. */
  readonly members: Map<AlertId, Member>;
  /** Beyond the kept ones: made of their alerts alone, so that a restart can make them again. null = none. */
  beyond: Set<AlertId> | null;
  active: number;
  /** Made when it is asked for. */
  hit: Hit | null;
  /** No kept member is milder than this rank; 0 = not known. */
  mildest: number;
}

/**
 * The incidents that are not closed, their members by alert, and how many members are active.
 *
 * One member an alert in one incident: the newest episode that was in it. A storm's incident keeps its first and worst
 * members; the others are in the roll only, which is rebuilt from the alerts, so that what is stored stays small.
 */
export class IncidentTable {
  private readonly kept: number;
  private readonly incidents = new Map<IncidentId, Incident>();
  /**
   * Of those that have, or had, many members. Most incidents have one: its own list is enough for these, and to look through
   * it costs less than what a roll would take. null: its incident was put to rest, and who asks has it made again.
   */
  private readonly rolls = new Map<IncidentId, Roll | null>();
  /** Ascending by number; numbers only rise, so new ones go to the end. */
  private readonly order: Incident[] = [];
  private restFrom = 0;

  constructor(kept: number = MEMBERS_KEPT) {
    this.kept = kept;
  }

  get size(): number {
    return this.incidents.size;
  }

  get(id: IncidentId): Incident | undefined {
    return this.incidents.get(id);
  }

  /** Open, acknowledged, and resolved ones that can still be reopened; by number. */
  live(): readonly Incident[] {
    return this.order;
  }

  /** Numbers must rise. */
  add(incident: Incident): void {
    const last = this.order.at(-1)?.number ?? 0;
    if (incident.number <= last) throw new Error(`incident ${incident.number} comes after ${last}`);
    this.order.push(incident);
    this.incidents.set(incident.id, incident);
    if (incident.members.length > FEW_MEMBERS) this.rollOf(incident);
  }

  /**
   * Puts to rest those that are awake, up to so many members, and goes on there the next time. Only between two steps. What
   * has many members rests when it is over: until then it is asked for them again and again.
   *
   * @returns how many members were put to rest; as many as may be: there may be more
   */
  rest(membersMax: number): number {
    let rested = 0;
    for (let looked = 0; looked < this.order.length && rested < membersMax; looked += 1) {
      if (this.restFrom >= this.order.length) this.restFrom = 0;
      const incident = this.order[this.restFrom];
      this.restFrom += 1;
      if (incident instanceof IncidentRecord && !incident.isAtRest) rested += this.putToRest(incident);
    }
    return rested;
  }

  private putToRest(incident: IncidentRecord): number {
    const roll = this.rolls.get(incident.id);
    // Members beyond the kept ones are in the roll alone.
    if (roll && (roll.beyond !== null || isOpen(incident))) return 0;
    const { length } = incident.members;
    incident.rest();
    if (!incident.isAtRest) return 0;
    if (roll !== undefined) this.rolls.set(incident.id, null);
    return Math.max(1, length);
  }

  remove(id: IncidentId): void {
    const incident = this.get(id);
    if (incident === undefined) return;
    this.order.splice(this.indexOf(incident.number), 1);
    this.incidents.delete(id);
    this.rolls.delete(id);
  }

  /** The incident that holds this alert now, if it is not closed. */
  of(alert: Readonly<Alert>): Incident | undefined {
    return alert.incident === null ? undefined : this.get(alert.incident);
  }

  member(id: IncidentId, alert: AlertId): Member | undefined {
    const roll = this.roll(id);
    if (roll !== undefined) return roll.members.get(alert);
    for (const member of this.incidents.get(id)?.members ?? NONE) if (member.alert === alert) return member;
    return undefined;
  }

  /** Members that are firing or unobserved. O(1). */
  activeCount(id: IncidentId): number {
    const roll = this.roll(id);
    if (roll !== undefined) return roll.active;
    let active = 0;
    for (const member of this.incidents.get(id)?.members ?? NONE) if (isActive(member)) active += 1;
    return active;
  }

  /** The CIs with members, those beyond the kept ones too, and how many each has. Do not keep. O(1). */
  hit(id: IncidentId): { readonly all: ReadonlyMap<CiId, number>; readonly active: ReadonlyMap<CiId, number> } {
    const roll = this.roll(id);
    if (roll === undefined) return countHit(this.known(id).members);
    roll.hit ??= countHit(roll.members.values());
    return roll.hit;
  }

  /** All members, those beyond the kept ones too. O(1). */
  count(id: IncidentId): number {
    return this.roll(id)?.members.size ?? this.incidents.get(id)?.members.length ?? 0;
  }

  /** All members in no defined order: for what only counts or looks for one. */
  some(id: IncidentId): Iterable<Member> {
    return this.roll(id)?.members.values() ?? this.incidents.get(id)?.members ?? NONE;
  }

  /** All members in an order that a restart does not change: the kept ones, then the others by alert. */
  all(incident: Incident): readonly Member[] {
    const roll = this.roll(incident.id);
    if (roll === undefined || roll.beyond === null) return incident.members;
    const others = [...roll.beyond].sort(byText).flatMap((alert) => roll.members.get(alert) ?? []);
    return [...incident.members, ...others];
  }

  /** Whether the member is shown and stored; else it is what its alert says. */
  isKept(id: IncidentId, alert: AlertId): boolean {
    return this.rolls.get(id)?.beyond?.has(alert) !== true;
  }

  /** Returns the alert whose member is beyond the kept ones from now on: this one, or one that gave way; null = none. */
  addMember(incident: Incident, member: Member): AlertId | null {
    incident.alertCount += 1;
    // A roll stays when most have gone.
    const hasRoll = this.rolls.has(incident.id);
    if (hasRoll || incident.members.length >= Math.min(FEW_MEMBERS, this.kept)) enrol(this.rollOf(incident), member);
    else this.known(incident.id);
    if (incident.members.length < this.kept) {
      // A list that grows has room for sixteen more, and most stay alone.
      if (incident.members.length === 0) incident.members = [member];
      else incident.members.push(member);
      return null;
    }
    const place = this.milder(incident, member);
    const [pushed = member] = place < 0 ? [] : incident.members.splice(place, 1, member);
    const roll = this.rollOf(incident);
    roll.beyond ??= new Set();
    roll.beyond.add(pushed.alert);
    return pushed.alert;
  }

  /** After a restart: a member beyond the kept ones, made of its alert. It is counted already. */
  adopt(incident: Incident, member: Member): void {
    const roll = this.rollOf(incident);
    roll.beyond ??= new Set();
    roll.beyond.add(member.alert);
    enrol(roll, member);
  }

  /** O(members kept). */
  removeMember(incident: Incident, alert: AlertId): Member | undefined {
    const member = this.member(incident.id, alert);
    if (member === undefined) return undefined;
    incident.alertCount -= 1;
    const index = incident.members.indexOf(member);
    if (index >= 0) incident.members.splice(index, 1);
    this.strike(incident.id, member);
    if (index >= 0) this.fill(incident);
    return member;
  }

  /** A place among the kept ones is free: the first of the others takes it. */
  private fill(incident: Incident): void {
    const roll = this.roll(incident.id);
    if (roll === undefined || roll.beyond === null) return;
    let first: AlertId | undefined;
    for (const alert of roll.beyond) if (first === undefined || alert < first) first = alert;
    const member = first === undefined ? undefined : roll.members.get(first);
    if (member === undefined || first === undefined) return;
    incident.members.push(member);
    roll.beyond.delete(first);
    if (roll.beyond.size === 0) roll.beyond = null;
  }

  /** The alert no longer speaks of this incident; a member beyond the kept ones cannot outlive that. */
  release(id: IncidentId, alert: AlertId): void {
    const member = this.member(id, alert);
    if (member !== undefined && !this.isKept(id, alert)) this.strike(id, member);
  }

  /** Takes all members out at once, in the order of `all`. O(members). */
  drain(incident: Incident): readonly Member[] {
    const members = this.all(incident);
    incident.members = [];
    incident.alertCount = 0;
    this.rolls.delete(incident.id);
    return members;
  }

  setMemberStatus(incident: Incident, member: Member, status: Member["status"]): void {
    const was = isActive(member);
    member.status = status;
    const is = isActive(member);
    const roll = this.roll(incident.id);
    if (was === is || roll === undefined) return;
    roll.active += is ? 1 : -1;
    if (roll.hit !== null) count(roll.hit.active, member.ci, is ? 1 : -1);
  }

  /** The CMDB has another name for its CI now. */
  rename(incident: Incident, member: Member, ci: CiId): void {
    const hit = this.roll(incident.id)?.hit ?? null;
    const maps = hit === null ? [] : isActive(member) ? [hit.all, hit.active] : [hit.all];
    for (const map of maps) {
      count(map, member.ci, -1);
      count(map, ci, 1);
    }
    member.ci = ci;
  }

  /** A kept member may be milder than it was: another episode of its alert. */
  renewed(incident: Incident): void {
    const roll = this.roll(incident.id);
    if (roll !== undefined) roll.mildest = 0;
  }

  private strike(id: IncidentId, member: Member): void {
    const roll = this.roll(id);
    if (roll === undefined) return;
    roll.members.delete(member.alert);
    roll.beyond?.delete(member.alert);
    if (roll.beyond?.size === 0) roll.beyond = null;
    roll.mildest = 0;
    if (roll.hit !== null) count(roll.hit.all, member.ci, -1);
    if (!isActive(member)) return;
    roll.active -= 1;
    if (roll.hit !== null) count(roll.hit.active, member.ci, -1);
  }

  /** Where a milder member stands that can give way, the newest of the mildest; -1 = none is milder. */
  private milder(incident: Readonly<Incident>, member: Readonly<Member>): number {
    const roll = this.rollOf(incident);
    const own = severityRank(member.severity);
    if (own <= roll.mildest) return -1;
    let mildest = own;
    let least = own;
    let place = -1;
    incident.members.forEach((standing, index) => {
      const rank = severityRank(standing.severity);
      least = Math.min(least, rank);
      if (rank > mildest || (rank === mildest && place < 0)) return;
      mildest = rank;
      place = index;
    });
    // Severities of one episode only rise, so that this stays true until a member goes or begins anew.
    roll.mildest = place < 0 ? least : 0;
    return place;
  }

  private known(id: IncidentId): Incident {
    const incident = this.incidents.get(id);
    if (incident === undefined) throw new Error(`incident ${id} is not in the table`);
    return incident;
  }

  /** undefined: it has never had many members. */
  private roll(id: IncidentId): Roll | undefined {
    const roll = this.rolls.get(id);
    return roll === null ? this.rollOf(this.known(id)) : roll;
  }

  /** Made of the incident's own members, where there is none yet. */
  private rollOf(incident: Readonly<Incident>): Roll {
    const known = this.rolls.get(incident.id);
    if (known) return known;
    const roll: Roll = { members: new Map(), beyond: null, active: 0, hit: null, mildest: 0 };
    for (const member of this.known(incident.id).members) enrol(roll, member);
    this.rolls.set(incident.id, roll);
    return roll;
  }

  private indexOf(number: number): number {
    let low = 0;
    let high = this.order.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.order[middle]?.number ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const NONE: readonly Member[] = [];

function enrol(roll: Roll, member: Member): void {
  roll.members.set(member.alert, member);
  if (roll.hit !== null) count(roll.hit.all, member.ci, 1);
  if (!isActive(member)) return;
  roll.active += 1;
  if (roll.hit !== null) count(roll.hit.active, member.ci, 1);
}

function countHit(members: Iterable<Member>): Hit {
  const hit: Hit = { all: new Map(), active: new Map() };
  for (const member of members) {
    count(hit.all, member.ci, 1);
    if (isActive(member)) count(hit.active, member.ci, 1);
  }
  return hit;
}

function count(map: Map<CiId, number>, ci: CiId, by: number): void {
  const sum = (map.get(ci) ?? 0) + by;
  if (sum === 0) map.delete(ci);
  else map.set(ci, sum);
}

function isOpen({ status }: Readonly<Incident>): boolean {
  return status === "open" || status === "acknowledged";
}

function isActive(member: Readonly<Member>): boolean {
  return member.status !== "resolved";
}
