import type { Json, LedgerRecord } from "../model/ledger.ts";

/** One record as a sentence, without its time. What a later version of the core may record is told by its name. */
export function phraseOf(record: Readonly<LedgerRecord>): string {
  const write = PHRASES[record.decision];
  const why = record.reasons.join("; ");
  return write === undefined ? `${record.decision} (${record.rule}): ${why}` : write(record, why);
}

type Phrase = (record: Readonly<LedgerRecord>, why: string) => string;

const PHRASES: Readonly<Record<string, Phrase>> = {
  "incident.opened": (record, why) => `incident ${factText(record, "number")} opened: ${why}`,
  "incident.resolved": (_, why) => `resolved: ${why}`,
  "incident.reopened": (_, why) => `back again: ${why}`,
  "incident.closed": () => "closed: it can no longer be reopened",
  "incident.merged": (record, why) =>
    `incident ${factText(record, "number")} became part of incident ${factText(record, "intoNumber")}: ${why}`,
  "incident.acknowledged": (record, why) => `${factText(record, "actor")} acknowledged it${noteOf(record, why)}`,
  "incident.assigned": (record, why) => `${factText(record, "actor")} assigned it to ${why}`,
  "incident.note": (record, why) => `${factText(record, "actor")} noted: ${why}`,
  "incident.root": (record, why) => `${factText(record, "actor")} named the root: ${why}`,
  "alert.joined": (record, why) => `${record.ci} joined: ${why}`,
  "alert.moved": (record, why) => `${record.ci} moved here from another incident: ${why}`,
  "alert.withheld": (record, why) => `${record.ci} kept out of incidents (${record.rule}): ${why}`,
  "alert.late": (record, why) => `${record.ci} told of the past: ${why}`,
  "alert.dropped": (record, why) => {
    const count = record.facts["count"];
    return `${record.ci}: ${why}${typeof count === "number" && count > 1 ? ` (${count} times)` : ""}`;
  },
  "alert.anew": (record, why) => `${record.ci} fires again: ${why}`,
  "alert.flapping": (record, why) => `${record.ci} flaps: ${why}`,
  "alert.steady": (record, why) => `${record.ci} is steady again: ${why}`,
  "alert.expired": (record, why) => `${record.ci} expired: ${why}`,
  "alert.presumed": (record, why) => `${record.ci} taken for clear: ${why}`,
  "alert.muted": (record) => `${record.ci} muted by ${muteName(record.rule)}`,
  "alert.unmuted": (record) => `${record.ci} no longer muted by ${muteName(record.rule)}`,
  "alert.unobserved": (_, why) => why,
  "alert.observed": (record, why) => `${record.ci} speaks for itself again: ${why}`,
  "root.changed": (record, why) => {
    if (record.ci === null) return `root cause: no single CI: ${why}`;
    const guess = record.facts["inferred"] === true ? ", which sends nothing itself" : "";
    return `root cause: ${record.ci}${guess} (${percent(record.facts["confidence"])}): ${why}`;
  },
  "priority.changed": (record, why) => `priority ${factText(record, "from")} → ${factText(record, "to")}: ${why}`,
  "notification.held": (record, why) =>
    record.facts["holdMs"] === 0
      ? "first word not held back"
      : `first word held for ${seconds(record.facts["holdMs"])}: ${why === "" ? "to see what else belongs to it" : why}`,
  "notification.withheld": (record, why) => `nobody told (${record.rule}): ${why}`,
  "notification.decided": (record, why) =>
    `${record.facts["page"] === true ? "paged" : "told"} ${factText(record, "receiver")} (${record.rule}): ${why}`,
  "notification.failed": (_, why) => why,
  "mute.changed": (record, why) => `${factText(record, "actor")} changed ${muteName(record.rule)}: ${why}`,
  "agent.forgotten": (_, why) => why,
};

/** What the person said about it, if anything. */
function noteOf(record: Readonly<LedgerRecord>, why: string): string {
  return why === `${factText(record, "actor")} did so` ? "" : `: ${why}`;
}

/** The root as it was named to people, from the record of a notification; null where none was. */
export function rootPhrase({ facts }: Readonly<LedgerRecord>): string | null {
  const root = facts["root"];
  if (typeof root !== "string") return null;
  const reasons = Array.isArray(facts["rootReasons"]) ? facts["rootReasons"].map(String) : [];
  const guess = facts["inferred"] === true ? ", which sends nothing itself" : "";
  // A change that explains it is the first of the reasons.
  const why = reasons.length === 0 ? "" : `: ${reasons.join("; ")}`;
  return `root cause: ${root}${guess} (${percent(facts["confidence"])})${why}`;
}

/** Rules that name no silence, window or alert. */
const PLAIN: Readonly<Record<string, string>> = {
  "no-route": "no route of the configuration matches it",
  late: "all that is known of it came late",
  healed: "it was over before the first word was due",
  clear: "nothing in it is active",
};

/** `silence:s-1` as people say it. */
export function muteName(rule: string): string {
  const plain = PLAIN[rule];
  if (plain !== undefined) return plain;
  const colon = rule.indexOf(":");
  const kind = colon < 0 ? rule : rule.slice(0, colon);
  const id = rule.slice(colon + 1);
  switch (kind) {
    case "silence":
      return `silence ${id}`;
    case "maintenance":
      return `maintenance window ${id}`;
    case "inhibition":
      return `alert ${id}, by an inhibition`;
    case "dependency":
      return `the failure of ${id}, on which it depends`;
    default:
      return rule;
  }
}

/** A fact as text; `?` where it is none. */
export function factText(record: Readonly<LedgerRecord>, name: string): string {
  const value = record.facts[name];
  return typeof value === "string" || typeof value === "number" ? String(value) : "?";
}

function percent(value: Json | undefined): string {
  return typeof value === "number" ? `${Math.round(value * 100)} %` : "confidence unknown";
}

function seconds(value: Json | undefined): string {
  return typeof value === "number" ? `${Math.round(value / 1000)} s` : "a while";
}
