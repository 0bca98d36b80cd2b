import type { CorrelationView, Ranking, RootEvidence } from "../model/correlation.ts";
import type { Unit } from "../model/evidence.ts";
import type { Impact } from "../model/incident.ts";
import { OUTCOME_TYPES } from "../model/influence.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import type { Verdict } from "./ranker.ts";

interface Picture {
  evidence: RootEvidence;
  units: readonly Unit[];
  best: Verdict | null;
  impact: Impact;
}

type Urgency = Pick<Ranking, "holdMs" | "holdReason" | "pageWorthy" | "pageReason">;

/** A wide fault is told once it has this many CIs in major or critical trouble. */
const WIDE = 5;
/** One CI alone gets this long to heal by itself when nothing else is hit. */
const LONE_HARD_MS: Milliseconds = 20 * 60_000;
const PAIR_MS: Milliseconds = 75_000;
const SERVICE_MS: Milliseconds = 20_000;

/** Whether a person should be woken, and how long it is still worth to wait for a clearer picture. */
export function urgencyOf(picture: Picture, at: UnixMillis, view: CorrelationView): Urgency {
  const { units } = picture;
  const { topology, settings } = view;
  const active = units.filter((unit) => unit.notes.some((note) => note.resolvedAt === null));
  if (active.length === 0) return none("everything has cleared");
  const first = Math.min(...units.map((unit) => unit.onset));
  const serious = active.filter((unit) => unit.notes.some((note) => note.rank >= 4 && note.resolvedAt === null));
  const services = active.filter((unit) => OUTCOME_TYPES.has(topology.ci(unit.ci).type));
  const told = (holdMs: Milliseconds, holdReason: string, pageReason: string): Urgency => {
    const wait = Math.max(settings.settleMinMs, holdMs);
    return { holdMs: Math.max(0, first + wait - at), holdReason, pageWorthy: true, pageReason };
  };
  if (services.length > 0 && (serious.length > 0 || units.length > 2)) {
    const name = topology.id(services[0]?.ci ?? 0);
    return told(SERVICE_MS, `${name} is hit`, `the business service ${name} is hit`);
  }
  if (serious.length >= WIDE) {
    return told(settings.settleMaxMs, "the storm gathers", `${serious.length} CIs are in serious trouble`);
  }
  if (serious.length >= 1 && active.length >= 2) {
    return told(
      PAIR_MS,
      "it may still heal or grow",
      `${active.length} CIs fail together, ${serious.length} of them seriously`,
    );
  }
  const lone = active[0];
  if (
    serious.length >= 1 &&
    lone !== undefined &&
    !topology.ci(lone.ci).known &&
    serious.some((unit) => unit.notes.some((note) => note.rank === 5))
  ) {
    return told(
      settings.settleMaxMs,
      "what it means is not known",
      "it is critical, and the CMDB does not say what depends on it",
    );
  }
  if (serious.length >= 1 && at - first >= LONE_HARD_MS) return told(0, "", "it has not healed by itself");
  return { ...none("one CI without serious trouble"), holdMs: Math.max(0, first + settings.settleMaxMs - at) };
}

function none(reason: string): Urgency {
  return { holdMs: 0, holdReason: "", pageWorthy: false, pageReason: reason };
}
