import type { CiId } from "../model/ci.ts";
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

/** How many members each CI has in an incident: of those that are active, and of all. */
export interface Hit {
  active: ReadonlyMap<CiId, number>;
  all: ReadonlyMap<CiId, number>;
}

/**
 * What a person reads first, on a phone: what broke, and how far it reaches. Says "suspected" where the root itself is
 * silent and "no single cause" where there is none. `kept`: the first and the worst members; `hit` counts all.
 */
export function titleOf(incident: Readonly<Incident>, kept: readonly Member[], topology: Topology, hit: Hit): string {
  const isActive = kept.some((member) => member.status !== "resolved");
  const cis = isActive ? hit.active : hit.all;
  const root = incident.rootCause.ci;
  const shown: Shown = { kept, isActive, topology };
  if (root === null) {
    const worst = worstOf(shown, null);
    if (worst === undefined) return "No alerts";
    if (cis.size === 1) return clip(`${nameOf(topology, worst.ci)}: ${worst.summary}`);
    return clip(`${reach(shown, null, cis.size)}, no single cause: ${worst.summary}`);
  }
  if (kept.length === 0) return "No alerts";
  const name = nameOf(topology, root);
  const said = worstOf(shown, root);
  if (said === undefined) return clip(`${name} suspected${cis.size > 0 ? `: ${reach(shown, null, cis.size)}` : ""}`);
  const lead = said.summary.toLowerCase().includes(name.toLowerCase()) ? said.summary : `${name}: ${said.summary}`;
  const others = cis.size - (cis.has(root) ? 1 : 0);
  return others === 0 ? clip(lead) : clip(lead, `; ${reach(shown, root, others)}`);
}

/** The members that a title is about: the active ones, or all when none is. */
interface Shown {
  kept: readonly Member[];
  isActive: boolean;
  topology: Topology;
}

/** "23 hosts unreachable", "12 CIs affected". */
function reach({ kept, isActive, topology }: Shown, besides: string | null, count: number): string {
  const types = new Map<string, Set<string>>();
  const symptoms = new Map<string, Set<string>>();
  const read = new Set<string>();
  let left = SYMPTOMS_READ_MAX;
  for (const member of kept) {
    if ((isActive && member.status === "resolved") || member.ci === besides) continue;
    if (left === 0) break;
    left -= 1;
    const index = topology.find(member.ci);
    const type = index === undefined ? "host" : topology.ci(index).type;
    addTo(types, type, member.ci);
    addTo(symptoms, symptomOf(member), member.ci);
    read.add(member.ci);
  }
  const [type] = largest(types);
  const [symptom, hit] = largest(symptoms);
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

/** The worst of those shown, or of those on this one CI; of equal ones the first seen. */
function worstOf({ kept, isActive }: Shown, ci: string | null): Member | undefined {
  let best: Member | undefined;
  for (const member of kept) {
    if ((isActive && member.status === "resolved") || (ci !== null && member.ci !== ci)) continue;
    if (best === undefined || isWorse(member, best)) best = member;
  }
  return best;
}

function isWorse(a: Member, b: Member): boolean {
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
  // Not a copy: most titles are the text of an alert.
  if (end === "" && line.length <= room && line === text) return text;
  return line.length <= room ? line + end : `${line.slice(0, Math.max(0, room - 1)).trimEnd()}…${end}`;
}
