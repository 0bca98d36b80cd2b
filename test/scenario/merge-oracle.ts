import { waitNats } from "../../collector/core/correlate/in-time.ts";
import type { CmdbDocument } from "../../collector/core/model/ci.ts";
import { faultCi, Influence } from "../../collector/core/model/influence.ts";
import { SymptomReader } from "../../collector/core/model/symptom.ts";
import { Topology } from "../../collector/core/model/topology.ts";

/** As much of a scenario's truth as this oracle needs; `events` by id: `label|alert episode|F/R/C|seconds after start`. */
export interface TrueMerges {
  scenario: { start: string };
  faults: readonly TrueFaultSpan[];
  events: Readonly<Record<string, string>>;
}

interface TrueFaultSpan {
  id: string;
  acceptableRoots: readonly string[];
  detectable: boolean;
  recurrence?: string | null;
  firstEventAt?: string | null;
  recoveredAt?: string | null;
}

/** Mean over the pairs of faults at the same time of those that the oracle merges; null = no two faults are. */
export interface MergeRates {
  byRelations: number;
  byTimeToo: number;
}

/** As the scorer has it: faults at the same time, with some slack, and the share of their alerts that makes a merge. */
const SLACK_MS = 600_000;
const MERGED_SHARE = 0.25;
/** Clocks differ: an alert may come so long before its fault's first event. */
const BEFORE_MS = 90_000;

/**
 * How often one would merge two faults who knows all that there are, their roots and when each began, and gives each alert to
 * the fault whose root has the likeliest way to it; and how often if how long the fault has gone on counts, too. What no root
 * has a way to stands alone. Both are more than anybody can know in time: what they merge, the evidence of an alert by itself
 * does not tell apart.
 */
export function mergeOracle(truth: TrueMerges, lines: readonly string[], cmdb: CmdbDocument): MergeRates | null {
  const faults = knownFaults(truth, cmdb);
  const alerts = alertsOf(truth, lines, cmdb);
  const byRelations = rate(faults, alerts, () => 0);
  const byTimeToo = rate(faults, alerts, waitNats);
  return byRelations === null || byTimeToo === null ? null : { byRelations, byTimeToo };
}

interface Fault {
  id: string;
  roots: ReadonlySet<number>;
  recurrence: string | null;
  from: number;
  to: number;
}

function knownFaults({ faults }: TrueMerges, cmdb: CmdbDocument): Fault[] {
  const topology = new Topology(cmdb);
  return faults.flatMap(({ id, acceptableRoots, detectable, recurrence, firstEventAt, recoveredAt }) =>
    detectable && typeof firstEventAt === "string"
      ? [
          {
            id,
            roots: new Set(acceptableRoots.flatMap((name) => topology.find(name) ?? [])),
            recurrence: recurrence ?? null,
            from: Date.parse(firstEventAt),
            to: typeof recoveredAt === "string" ? Date.parse(recoveredAt) : Number.POSITIVE_INFINITY,
          },
        ]
      : [],
  );
}

interface Heard {
  at: number;
  /** The faults that it is of. */
  of: readonly string[];
  /** By CI that could have caused it, how surprising that is. */
  costs: ReadonlyMap<number, number>;
}

/** The first event of each alert that is of a fault. */
function alertsOf({ scenario, events }: TrueMerges, lines: readonly string[], cmdb: CmdbDocument): Heard[] {
  const topology = new Topology(cmdb);
  const influence = new Influence(topology);
  const reader = new SymptomReader();
  const start = Date.parse(scenario.start);
  const seen = new Set<string>();
  return lines.flatMap((line): Heard[] => {
    const { id, ci, check, summary } = JSON.parse(line) as { id: string; ci: string; check: string; summary: string };
    const [label = "", episode = "", state, seconds] = (events[id] ?? "").split("|");
    if (state !== "F" || !label.startsWith("fault:") || seen.has(episode)) return [];
    seen.add(episode);
    const costs = new Map<number, number>();
    const known = topology.find(ci);
    const causes = known === undefined ? null : influence.causes(known, reader.read(check, summary));
    causes?.keys.forEach((key, index) => {
      const cost = causes.costs[index] ?? 0;
      if (cost < (costs.get(faultCi(key)) ?? Number.POSITIVE_INFINITY)) costs.set(faultCi(key), cost);
    });
    return [{ at: start + Number(seconds) * 1000, of: label.slice("fault:".length).split("+"), costs }];
  });
}

/** @param nats what it costs that an alert comes so long after its fault began */
function rate(faults: readonly Fault[], alerts: readonly Heard[], nats: (sinceMs: number) => number): number | null {
  const shares = sharesOf(faults, alerts, nats);
  let pairs = 0;
  let merged = 0;
  faults.forEach((a, index) => {
    for (const b of faults.slice(index + 1)) {
      const isSame = a.recurrence !== null && a.recurrence === b.recurrence;
      if (isSame || a.from > b.to + SLACK_MS || b.from > a.to + SLACK_MS) continue;
      pairs += 1;
      const [mine, other] = [shares.get(a.id), shares.get(b.id)];
      if ([...(mine ?? [])].some(([to, share]) => share >= MERGED_SHARE && (other?.get(to) ?? 0) >= MERGED_SHARE))
        merged += 1;
    }
  });
  return pairs === 0 ? null : merged / pairs;
}

/** By fault, which share of its alerts is given to which fault. */
function sharesOf(
  faults: readonly Fault[],
  alerts: readonly Heard[],
  nats: (sinceMs: number) => number,
): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const given = new Map(faults.map(({ id }) => [id, { to: new Map<string, number>(), alerts: 0 }]));
  for (const { at, of, costs } of alerts) {
    let best: string | null = null;
    let least = Number.POSITIVE_INFINITY;
    for (const { id, roots, from, to } of faults) {
      if (at < from - BEFORE_MS || at > to + SLACK_MS) continue;
      for (const root of roots) {
        const cost = (costs.get(root) ?? Number.POSITIVE_INFINITY) + nats(at - from);
        if (cost < least) [best, least] = [id, cost];
      }
    }
    for (const id of of) {
      const found = given.get(id);
      if (found === undefined) continue;
      found.alerts += 1;
      if (best !== null) found.to.set(best, (found.to.get(best) ?? 0) + 1);
    }
  }
  return new Map(
    [...given].map(([id, found]) => [id, new Map([...found.to].map(([to, count]) => [to, count / found.alerts]))]),
  );
}

/** The means over scenarios, as `npm run score` prints them; without those in which no two faults are at the same time. */
export function mergesText(scenarios: readonly (MergeRates | null)[]): string {
  const known = scenarios.filter((rates) => rates !== null);
  const mean = (of: (rates: MergeRates) => number): string =>
    (known.reduce((sum, rates) => sum + of(rates), 0) / known.length).toFixed(2);
  return `${mean(({ byRelations }) => byRelations)} (by relations), ${mean(({ byTimeToo }) => byTimeToo)} (by time, too)`;
}
