import { alertLabel } from "../model/alert-label.ts";
import { matchesAll } from "../model/matcher.ts";
import type { Incident, Member } from "../model/incident.ts";
import type { CoreSettings, Route, RouteMatch, TimeInterval } from "../model/settings.ts";
import type { Labels } from "../model/event.ts";
import type { UnixMillis } from "../model/time.ts";
import type { NotifyState } from "./state.ts";

/** The receivers of an incident as it is now: first match wins, unless the route says `continue`. In the order of the routes. */
export function receiversOf(state: NotifyState, incident: Readonly<Incident>, at: UnixMillis): string[] {
  const receivers: string[] = [];
  for (const route of state.settings.routes) {
    if (!matchesRoute(state, route, incident, at)) continue;
    for (const receiver of route.receivers) if (!receivers.includes(receiver)) receivers.push(receiver);
    if (!route.continue) break;
  }
  return receivers;
}

function matchesRoute(state: NotifyState, route: Route, incident: Readonly<Incident>, at: UnixMillis): boolean {
  const { match } = route;
  if (match.priorities !== undefined && !match.priorities.includes(incident.priority)) return false;
  if (match.severities !== undefined && !match.severities.includes(incident.severity)) return false;
  if (match.services !== undefined && !hitsService(match.services, incident, state)) return false;
  if (match.owners !== undefined && !ownersOf(state, incident).some((owner) => match.owners?.includes(owner)))
    return false;
  if (match.times !== undefined && !isWithin(match.times, state.settings, at)) return false;
  return matchesLabels(match, state, incident);
}

/** Services by id or any name the CMDB knows them by. */
function hitsService(services: readonly string[], incident: Readonly<Incident>, state: NotifyState): boolean {
  const hit = new Set(incident.impact.services.map((service) => service.ci));
  return services.some((name) => {
    const index = state.topology.find(name);
    return hit.has(index === undefined ? name : state.topology.id(index));
  });
}

/** Who answers for it: the person or team it was assigned to, and the owner of the root, or, without one, of the alerts' CIs. */
function ownersOf(state: NotifyState, incident: Readonly<Incident>): string[] {
  const owners = new Set<string>();
  if (incident.owner !== null) owners.add(incident.owner);
  const cis = incident.rootCause.ci === null ? incident.members.map((member) => member.ci) : [incident.rootCause.ci];
  for (const ci of cis) {
    const index = state.topology.find(ci);
    const owner = index === undefined ? null : state.topology.ci(index).owner;
    if (owner !== null) owners.add(owner);
  }
  return [...owners];
}

function matchesLabels(match: RouteMatch, state: NotifyState, incident: Readonly<Incident>): boolean {
  const { matchers } = match;
  if (matchers === undefined || matchers.length === 0) return true;
  const root = incident.rootCause.ci;
  const index = root === null ? undefined : state.topology.find(root);
  if (root !== null && index !== undefined) {
    const labels: Labels = state.topology.ci(index).labels;
    if (matchesAll(matchers, (name) => labels[name] ?? (name === "ci" ? root : ""))) return true;
  }
  return incident.members.some((member) => {
    const labels = state.alerts.get(member.alert)?.labels ?? rememberedLabels(member);
    const labelled = { ...member, labels };
    return matchesAll(matchers, (name) => alertLabel(labelled, name));
  });
}

/** Of an alert that is forgotten: nobody knows any more what it lacked, so it lacks nothing that the incident knows. */
const rememberedLabels = ({ check, instance, severity }: Readonly<Member>): Labels => ({
  alertname: check,
  instance,
  severity,
});

function isWithin(names: readonly string[], settings: CoreSettings, at: UnixMillis): boolean {
  return settings.timeIntervals.some((interval) => names.includes(interval.name) && isActive(interval, at));
}

/** Spans ascend: the first that ends after `at` decides. */
function isActive(interval: Readonly<TimeInterval>, at: UnixMillis): boolean {
  const { spans } = interval;
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((spans[middle]?.to ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  const span = spans[low];
  return span !== undefined && span.from <= at;
}
