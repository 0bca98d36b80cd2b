import { byText } from "../model/order.ts";
import type { Incident, Member } from "../model/incident.ts";
import { severityRank } from "../model/severity.ts";
import type { Topology } from "../model/topology.ts";

const TITLE_MAX = 120;
/** A storm's symptom is that of its first alerts; all of them are only counted. */
const SYMPTOMS_READ_MAX = 60;

/** Nouns of CI types, for counting them. */
const NOUNS: Readonly<Record<string, readonly [one: string, many: string]>> = {
  host: ["host", "hosts"],
  vm: ["VM", "VMs"],
  hypervisor: ["hypervisor", "hypervisors"],
  switch: ["switch", "switches"],
  router: ["router", "routers"],
  database: ["database", "databases"],
  application: ["application", "applications"],
  service: ["service", "services"],
  businessService: ["business service", "business services"],
  container: ["container", "containers"],
  pod: ["pod", "pods"],
};

/** Symptoms by words that sources use, worst first; the first that fits names what the reader sees. */
const SYMPTOMS: readonly (readonly [RegExp, string])[] = [
  [
    /unreach|ping|timed? ?out|no response|not respond|missing|silent|disconnect|connection lost|heartbeat/i,
    "unreachable",
  ],
  [/\bdown\b|not running|not ready|crash|power(?:ed)? ?off|stopped|unavailable|evict|failed/i, "down"],
  [/5xx|error|fail|refused|reject/i, "with errors"],
  [/latency|slow|response.?time|duration|lag|p9\d/i, "slow"],
  [/full|usage|util|memory|cpu|load|saturat|throttl|queue|pressure|space|limit/i, "overloaded"],
];

/**
 * What a person reads first, on a phone: what broke, and how far it reaches. Says "suspected" where the root itself is
 * silent and "no single cause" where there is none. `everyone`: all members, the kept ones first.
 */
export function titleOf(incident: Readonly<Incident>, everyone: readonly Member[], topology: Topology): string {
  const active = everyone.filter((member) => member.status !== "resolved");
  const shown = active.length > 0 ? active : everyone;
  const root = incident.rootCause.ci;
  const worst = worstOf(shown, root);
  const cis = new Set(shown.map((member) => member.ci));
  if (worst === undefined) return "No alerts";
  if (root === null) {
    if (cis.size === 1) return clip(`${nameOf(topology, worst.ci)}: ${worst.summary}`);
    return clip(`${reach(topology, shown, null)}, no single cause: ${worst.summary}`);
  }
  const name = nameOf(topology, root);
  const own = shown.filter((member) => member.ci === root);
  const others = shown.filter((member) => member.ci !== root);
  if (own.length === 0) {
    const verb = others.length > 0 ? `: ${reach(topology, others, null)}` : "";
    return clip(`${name} suspected${verb}`);
  }
  const said = worstOf(own, root)?.summary ?? worst.summary;
  const lead = said.toLowerCase().includes(name.toLowerCase()) ? said : `${name}: ${said}`;
  return others.length === 0 ? clip(lead) : clip(lead, `; ${reach(topology, others, root)}`);
}

/** "23 hosts unreachable", "12 CIs affected". */
function reach(topology: Topology, members: readonly Member[], besides: string | null): string {
  const types = new Map<string, Set<string>>();
  const symptoms = new Map<string, Set<string>>();
  const all = new Set<string>();
  const read = new Set<string>();
  for (const member of members) all.add(member.ci);
  for (const member of members.slice(0, SYMPTOMS_READ_MAX)) {
    const index = topology.find(member.ci);
    const type = index === undefined ? "host" : topology.ci(index).type;
    addTo(types, type, member.ci);
    addTo(symptoms, symptomOf(member), member.ci);
    read.add(member.ci);
  }
  const [type] = largest(types);
  const [symptom, hit] = largest(symptoms);
  const count = all.size;
  const oneType = types.size === 1 && type !== undefined ? NOUNS[type] : undefined;
  const noun = oneType === undefined ? (count === 1 ? "CI" : "CIs") : oneType[count === 1 ? 0 : 1];
  const what = symptom !== undefined && symptom !== "" && hit * 2 > read.size ? symptom : "affected";
  return `${count}${besides === null ? "" : " more"} ${noun} ${what}`;
}

function symptomOf(member: Readonly<Member>): string {
  for (const [pattern, word] of SYMPTOMS) if (pattern.test(member.summary) || pattern.test(member.check)) return word;
  return "";
}

function addTo(groups: Map<string, Set<string>>, key: string, ci: string): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, new Set([ci]));
  else group.add(ci);
}

function largest(groups: Map<string, Set<string>>): [key: string | undefined, size: number] {
  let best: string | undefined;
  let size = 0;
  for (const [key, group] of groups) {
    if (group.size > size || (group.size === size && best !== undefined && byText(key, best) < 0)) {
      best = key;
      size = group.size;
    }
  }
  return [best, size];
}

function worstOf(members: readonly Member[], root: string | null): Member | undefined {
  let best: Member | undefined;
  for (const member of members) {
    if (best === undefined || isWorse(member, best, root)) best = member;
  }
  return best;
}

function isWorse(a: Member, b: Member, root: string | null): boolean {
  const rooted = Number(a.ci === root) - Number(b.ci === root);
  if (rooted !== 0) return rooted > 0;
  const rank = severityRank(a.severity) - severityRank(b.severity);
  if (rank !== 0) return rank > 0;
  if (a.firstSeenAt !== b.firstSeenAt) return a.firstSeenAt < b.firstSeenAt;
  return a.alert < b.alert;
}

function nameOf(topology: Topology, ci: string): string {
  const index = topology.find(ci);
  return index === undefined ? ci : topology.ci(index).name;
}

/** Shortens the text, never its end. */
function clip(text: string, end = ""): string {
  const room = TITLE_MAX - end.length;
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length <= room ? line + end : `${line.slice(0, Math.max(0, room - 1)).trimEnd()}…${end}`;
}
