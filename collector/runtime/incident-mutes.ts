import type { Alert } from "../core/model/alert.ts";
import type { MaintenanceWindow } from "../core/model/ci.ts";
import type { IncidentMute } from "../core/model/document.ts";
import type { Incident } from "../core/model/incident.ts";
import type { Silence } from "../core/model/silence.ts";
import { formatTime } from "../core/model/time.ts";

/** What can name itself as the reason that nobody is told. */
export interface MuteSources {
  alert: (id: string) => Readonly<Alert> | undefined;
  silences: () => Iterable<Readonly<Silence>>;
  maintenance: () => Iterable<Readonly<MaintenanceWindow>>;
}

/** What keeps an incident from being told just now: every active alert of it is muted. Empty = something of it is heard. */
export function mutesOf(incident: Readonly<Incident>, sources: MuteSources): IncidentMute[] {
  if (incident.status !== "open" && incident.status !== "acknowledged") return [];
  const rules = new Set<string>();
  for (const member of incident.members) {
    const alert = member.status === "resolved" ? undefined : sources.alert(member.alert);
    if (alert === undefined) continue;
    // Behind the incident's own root it is the root that speaks.
    const muting = alert.suppressedBy.filter((rule) => rule !== `dependency:${incident.rootCause.ci}`);
    if (muting.length === 0) return [];
    for (const rule of muting) rules.add(rule);
  }
  return [...rules].sort().map((rule) => described(rule, sources));
}

function described(rule: string, sources: MuteSources): IncidentMute {
  const [by = rule] = rule.split(":", 1);
  const id = rule.slice(by.length + 1);
  const mute = { by, id, owner: null, reason: "", until: null };
  if (by === "silence") {
    for (const { id: each, createdBy, comment, endsAt } of sources.silences())
      if (each === id) return { ...mute, owner: createdBy, reason: comment, until: formatTime(endsAt) };
  } else if (by === "maintenance") {
    for (const { id: each, owner, reason, to } of sources.maintenance())
      if (each === id) return { ...mute, owner, reason, until: formatTime(to) };
  } else if (by === "inhibition") {
    const alert = sources.alert(id);
    if (alert !== undefined) return { ...mute, reason: `${alert.check} fires on ${alert.ci}` };
  } else if (by === "dependency") return { ...mute, reason: `it cannot work without ${id}, which has failed` };
  return mute;
}
