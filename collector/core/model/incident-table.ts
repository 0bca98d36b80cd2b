import type { Alert, AlertId } from "./alert.ts";
import type { Incident, IncidentId, Member } from "./incident.ts";

/**
 * The incidents that are not closed, their members by alert, and how many members are active.
 * One member an alert in one incident: the newest episode that was in it.
 */
export class IncidentTable {
  private readonly byId = new Map<IncidentId, Incident>();
  private readonly membersOf = new Map<IncidentId, Map<AlertId, Member>>();
  private readonly activeOf = new Map<IncidentId, number>();
  /** Ascending by number; numbers only rise, so new ones go to the end. */
  private readonly order: Incident[] = [];

  get size(): number {
    return this.byId.size;
  }

  get(id: IncidentId): Incident | undefined {
    return this.byId.get(id);
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
    this.byId.set(incident.id, incident);
    this.membersOf.set(incident.id, new Map(incident.members.map((member) => [member.alert, member])));
    this.activeOf.set(incident.id, incident.members.filter((member) => member.status !== "resolved").length);
  }

  remove(id: IncidentId): void {
    const incident = this.byId.get(id);
    if (incident === undefined) return;
    this.order.splice(this.indexOf(incident.number), 1);
    this.byId.delete(id);
    this.membersOf.delete(id);
    this.activeOf.delete(id);
  }

  /** The incident that holds this alert now, if it is not closed. */
  of(alert: Readonly<Alert>): Incident | undefined {
    return alert.incident === null ? undefined : this.byId.get(alert.incident);
  }

  member(id: IncidentId, alert: AlertId): Member | undefined {
    return this.membersOf.get(id)?.get(alert);
  }

  /** Members that are firing or unobserved. O(1). */
  activeCount(id: IncidentId): number {
    return this.activeOf.get(id) ?? 0;
  }

  addMember(incident: Incident, member: Member): void {
    incident.members.push(member);
    this.membersOf.get(incident.id)?.set(member.alert, member);
    if (member.status !== "resolved") this.adjust(incident.id, 1);
  }

  /** O(members). */
  removeMember(incident: Incident, alert: AlertId): Member | undefined {
    const member = this.member(incident.id, alert);
    if (member === undefined) return undefined;
    incident.members.splice(incident.members.indexOf(member), 1);
    this.membersOf.get(incident.id)?.delete(alert);
    if (member.status !== "resolved") this.adjust(incident.id, -1);
    return member;
  }

  /** Takes all members out at once. O(members). */
  drain(incident: Incident): Member[] {
    const members = incident.members;
    incident.members = [];
    this.membersOf.set(incident.id, new Map());
    this.activeOf.set(incident.id, 0);
    return members;
  }

  setMemberStatus(incident: Incident, member: Member, status: Member["status"]): void {
    const was = member.status !== "resolved";
    const is = status !== "resolved";
    member.status = status;
    if (was !== is) this.adjust(incident.id, is ? 1 : -1);
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

  private adjust(id: IncidentId, by: number): void {
    this.activeOf.set(id, (this.activeOf.get(id) ?? 0) + by);
  }
}
