import type { CorrelationView, Ranking, RootEvidence } from "../model/correlation.ts";
import type { Note, Unit } from "../model/evidence.ts";
import type { Impact } from "../model/incident.ts";
import { OUTCOME_TYPES } from "../model/influence.ts";
import type { Symptom } from "../model/symptom.ts";
import type { Topology } from "../model/topology.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import type { Verdict } from "./ranker.ts";

interface Picture {
  evidence: RootEvidence;
  units: readonly Unit[];
  best: Verdict | null;
  impact: Impact;
}

type Urgency = Pick<Ranking, "holdMs" | "holdReason" | "pageWorthy" | "pageReason" | "pageAfterMs">;

/** A wide fault is told once it has this many CIs in serious trouble; a narrower one waits longer. */
const WIDE = 5;
const NARROW = 3;
/**
 * How long a page may still wait, in longest settle times (30 s unless configured): the operator's own measure of patience.
 * What is not a page is told when the settle time is over.
 */
const SERVICE = 0.8;
const NARROW_WAIT = 2;
/** Many CIs in mild trouble together are no mild matter. */
const MILD_WIDE = 10;
const MILD_WAIT = 6;
/** Checks of different kinds that call the same CI critical. */
const AGREEING = 3;
const AGREEING_WAIT = 3;
const PAIR_WAIT = 5;
/** One CI alone, but a business service cannot do without it (test/scenario/paging-policy.test.ts). */
const ESSENTIAL_WAIT = 1;
/** A critical condition on one important CI that does not heal is somebody's business in the end. */
const LONE_MS: Milliseconds = 30 * 60_000;
/** CIs of this criticality and below wake nobody by themselves. */
const MINOR_CI = 4;

/** Whether a person should be woken, and how long it is still worth to wait for a clearer picture. */
export function urgencyOf(picture: Picture, at: UnixMillis, view: CorrelationView): Urgency {
  const { units } = picture;
  const { topology, settings } = view;
  const firing = units.filter((unit) => unit.notes.some((note) => note.resolvedAt === null));
  const active = heardOf(firing, picture.evidence.incident.openedAt);
  if (firing.length === 0) return none("everything has cleared");
  if (active.length === 0) return none("nothing has been heard of it for long; its end was probably lost");
  const first = Math.min(...units.map((unit) => unit.onset));
  const serious = active.filter((unit) => unit.notes.some((note) => note.rank >= 4 && note.resolvedAt === null));
  // A floor's telephones and printers add up to less than their number says.
  const major = active.filter((unit) => criticality(unit.ci, topology) < MINOR_CI);
  const important = serious.filter((unit) => criticality(unit.ci, topology) < MINOR_CI);
  const services = active.filter((unit) => OUTCOME_TYPES.has(topology.ci(unit.ci).type));
  const settledInMs = Math.max(0, first + settings.settleMaxMs - at);
  const told = (settleTimes: number, holdReason: string, pageReason: string): Urgency => {
    const wait = Math.max(0, first + Math.max(settings.settleMinMs, settleTimes * settings.settleMaxMs) - at);
    const holdMs = Math.min(wait, settledInMs);
    // Who has been told already without a page is not paged before its time either.
    const isPage = wait === 0 || (wait <= settledInMs && picture.evidence.incident.told.length === 0);
    return { holdMs, holdReason, pageWorthy: isPage, pageReason: isPage ? pageReason : holdReason, pageAfterMs: wait };
  };
  const failed = services.some((unit) => unit.notes.some((note) => note.rank >= 4 && note.resolvedAt === null));
  if (
    services.length > 0 &&
    (failed ? units.length > 1 : units.length > 2 && (important.length > 0 ? major.length > 2 : major.length >= WIDE))
  ) {
    const name = topology.id(services[0]?.ci ?? 0);
    return told(SERVICE, `${name} is hit`, `the business service ${name} is hit`);
  }
  const critical = active.filter((unit) => unit.notes.some((note) => note.rank === 5 && note.resolvedAt === null));
  const down = critical.find((unit) => OUTCOME_TYPES.has(topology.ci(unit.ci).type));
  if (down !== undefined) {
    return told(ESSENTIAL_WAIT, "it may still heal", `the business service ${topology.id(down.ci)} itself is critical`);
  }
  if (serious.length >= WIDE) {
    return told(1, "the storm gathers", `${serious.length} CIs are in serious trouble`);
  }
  if (active.length >= MILD_WIDE && major.length >= WIDE) {
    return told(MILD_WAIT, "the storm gathers", `${active.length} CIs fail together`);
  }
  if (important.length >= 1 && major.length >= NARROW) {
    return told(
      NARROW_WAIT,
      "it may still heal or grow",
      `${active.length} CIs fail together, ${serious.length} of them seriously`,
    );
  }
  if (important.some((unit) => criticality(unit.ci, topology) <= 2) && major.length >= 2) {
    return told(PAIR_WAIT, "it may still heal or grow", "two CIs fail together, and one of them matters");
  }
  if (critical.some((unit) => criticality(unit.ci, topology) <= 2 && checksOf(unit, 5) >= AGREEING)) {
    return told(AGREEING_WAIT, "it may still heal", "several checks call the same CI critical");
  }
  if (serious.some((unit) => criticality(unit.ci, topology) === 1 && isHard(unit) && checksOf(unit, 4) >= 2)) {
    return told(AGREEING_WAIT, "it may still heal", "several checks agree on a CI that everything needs");
  }
  if (critical.some((unit) => isStranger(unit.ci, topology))) {
    return told(
      picture.evidence.storm ? PAIR_WAIT : 1,
      "what it means is not known",
      "it is critical, and the CMDB does not say what depends on it",
    );
  }
  const essential = picture.impact.services.find((service) => service.redundancyLeft === 0 && service.criticality <= 2);
  if (critical.some(isHard) && essential !== undefined) {
    return told(ESSENTIAL_WAIT, "it may still heal", `${essential.ci} needs it and has nothing else`);
  }
  if (critical.some((unit) => criticality(unit.ci, topology) <= 2) && at - first >= LONE_MS) {
    return told(0, "", "it is critical and has not healed by itself");
  }
  return { ...none("one CI without serious trouble"), holdMs: settledInMs };
}

/** What was withheld (planned work, say), is not any more, and has not been heard of meanwhile. */
const OLD_NEWS_MS: Milliseconds = 10 * 60_000;

/** Without those that are old news. One or two clears are lost; that those of many are is unlikely. */
function heardOf(firing: readonly Unit[], openedAt: UnixMillis): readonly Unit[] {
  const isNews = (note: Note): boolean => note.resolvedAt === null && openedAt - note.alert.lastSeenAt <= OLD_NEWS_MS;
  const fresh = firing.filter((unit) => unit.notes.some(isNews));
  return firing.length - fresh.length < NARROW ? fresh : firing;
}

/** Something has stopped. What only answers badly shows at the service that needs it, if it matters. */
const HARD: ReadonlySet<Symptom> = new Set<Symptom>(["gone", "down", "resource", "certificate", "link", "other"]);

function isHard(unit: Unit): boolean {
  return unit.notes.some((note) => HARD.has(note.symptom) && note.rank >= 4 && note.resolvedAt === null);
}

function checksOf(unit: Unit, rank: number): number {
  const checks = new Set<string>();
  for (const note of unit.notes) if (note.rank >= rank && note.resolvedAt === null) checks.add(note.alert.check);
  return checks.size;
}

function criticality(ci: number, topology: Topology): number {
  return topology.ci(ci).criticality ?? 3;
}

/** Nobody says how important it is, and the CMDB knows of nothing that needs it: it may matter to anyone. */
function isStranger(ci: number, topology: Topology): boolean {
  return topology.ci(ci).criticality === null && topology.neededBy(ci).length === 0;
}

function none(reason: string): Urgency {
  return { pageAfterMs: 0, holdMs: 0, holdReason: "", pageWorthy: false, pageReason: reason };
}
