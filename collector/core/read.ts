import { priorityOf } from "./incident/priority.ts";
import { emptyIncident } from "./incident/attach.ts";
import { newMember } from "./model/member.ts";
import type { Alert } from "./model/alert.ts";
import type { CmdbDocument } from "./model/ci.ts";
import type { CoreSettings, Route } from "./model/settings.ts";
import type { Priority, Severity } from "./model/severity.ts";
import type { Incident } from "./model/incident.ts";
import { receiversOf } from "./notify/route.ts";
import type { CoreState } from "./state.ts";

interface Routed {
  revision: number;
  receivers: readonly string[];
}

const routed = new WeakMap<Incident, Routed>();

/**
 * To whom the routes send this alert: those who know of its incident and those whom it matches now, or, while it is in
 * none, those an incident with this alert alone would have. Sorted by route. Remembers the answer for a revision of the incident.
 */
export function receiversOfAlert(state: CoreState, alert: Readonly<Alert>): readonly string[] {
  const incident = state.incidents.of(alert);
  if (incident === undefined) return receiversAlone(state, alert);
  const simple = receiversByWorth(state, incident);
  if (simple !== null && incident.told.every(({ receiver }) => simple.includes(receiver))) return simple;
  const known = routed.get(incident);
  if (known !== undefined && known.revision === incident.revision) return known.receivers;
  const receivers = receiversOf(state, incident, state.at);
  for (const told of incident.told) if (!receivers.includes(told.receiver)) receivers.push(told.receiver);
  routed.set(incident, { revision: incident.revision, receivers });
  return receivers;
}

/** Where routes look at nothing but priority and severity, the answers by these. */
const routedByWorth = new WeakMap<CoreSettings, Map<Priority, Map<Severity, readonly string[]>> | null>();

/** The receivers of every incident of this priority and severity; null = the routes look at more. */
function receiversByWorth(state: CoreState, incident: Readonly<Incident>): readonly string[] | null {
  const { settings } = state;
  let known = routedByWorth.get(settings);
  if (known === undefined) {
    known = settings.routes.every(looksAtPriorityOnly) ? new Map<Priority, Map<Severity, readonly string[]>>() : null;
    routedByWorth.set(settings, known);
  }
  if (known === null) return null;
  const { priority, severity } = incident;
  let answers = known.get(priority);
  if (answers === undefined) known.set(priority, (answers = new Map<Severity, readonly string[]>()));
  let receivers = answers.get(severity);
  if (receivers === undefined) answers.set(severity, (receivers = receiversOf(state, incident, state.at)));
  return receivers;
}

/** By the criticality of the CI, null = unknown. */
type ByCriticality = Map<number | null, readonly string[]>;

/** Where routes look at nothing but priority and severity, the answers; null = they look at more. */
const routedAlone = new WeakMap<CoreSettings, Map<Severity, ByCriticality> | null>();

function receiversAlone(state: CoreState, alert: Readonly<Alert>): readonly string[] {
  const { settings } = state;
  let known = routedAlone.get(settings);
  if (known === undefined) {
    known = settings.routes.every(looksAtPriorityOnly) ? new Map<Severity, ByCriticality>() : null;
    routedAlone.set(settings, known);
  }
  const index = state.topology.find(alert.ci);
  const ci = index === undefined ? undefined : state.topology.ci(index);
  if (known === null || (index !== undefined && state.topology.isService(index)))
    return receiversOf(state, aloneIn(state, alert), state.at);
  let answers = known.get(alert.severity);
  if (answers === undefined) known.set(alert.severity, (answers = new Map<number | null, readonly string[]>()));
  const criticality = ci?.criticality ?? null;
  let receivers = answers.get(criticality);
  if (receivers === undefined)
    answers.set(criticality, (receivers = receiversOf(state, aloneIn(state, alert), state.at)));
  return receivers;
}

function looksAtPriorityOnly({ match }: Route): boolean {
  const { services, owners, times, matchers = [] } = match;
  return services === undefined && owners === undefined && times === undefined && matchers.length === 0;
}

function aloneIn(state: CoreState, alert: Readonly<Alert>): Incident {
  const incident = emptyIncident(0, alert, alert.firstSeenAt);
  const index = state.topology.find(alert.ci);
  const ci = index === undefined ? null : state.topology.ci(index);
  const isService = index !== null && index !== undefined && state.topology.isService(index);
  const services =
    ci !== null && isService ? [{ ci: ci.id, criticality: ci.criticality ?? 3, redundancyLeft: null }] : [];
  incident.impact = { services, cis: [alert.ci] };
  incident.priority = priorityOf(alert.severity, incident.impact, ci?.criticality ?? null).priority;
  incident.members = [newMember(alert, alert.firstSeenAt, "")];
  incident.alertCount = 1;
  return incident;
}

/** The CMDB as the core has it now, with the CIs that only events have named. */
export function cmdbWithUnknown(state: CoreState): CmdbDocument {
  const unknown = state.topology.all().filter((ci) => !ci.known);
  return { ...state.cmdb, cis: [...state.cmdb.cis, ...unknown], maintenance: [...state.mutes.windows()] };
}
