import type { CmdbDocument } from "../../collector/core/model/ci.ts";
import { COST_MAX, faultCi, Influence } from "../../collector/core/model/influence.ts";
import { SymptomReader } from "../../collector/core/model/symptom.ts";
import { Topology } from "../../collector/core/model/topology.ts";

/** As much of a scenario's truth as this oracle needs; `events` by id: `label|alert episode|F/R/C|arrival`. */
export interface TruePieces {
  faults: readonly { id: string; acceptableRoots: readonly string[]; detectable: boolean }[];
  events: Readonly<Record<string, string>>;
}

/** How surprising a step from a cause to an alert may be for the oracle to join them: likely ones, what is looked for, all. */
export const WAY_COSTS: readonly number[] = [1.5, 2.4, COST_MAX];

/**
 * The best grouping that relations alone allow: incidents for each detectable fault, by one who knows the fault's roots and all
 * of its alerts, those to come included, but joins two only where the CMDB and our model have a way between them: from a root
 * to the alert, or from one alert's CI to another's. Alerts of two faults at once are left out. One mean for each of
 * `WAY_COSTS`; null = the scenario has no such fault. It is no bound for whoever knows other ways: names, text, time.
 */
export function pieceOracle(truth: TruePieces, lines: readonly string[], cmdb: CmdbDocument): number[] | null {
  const alerts = firstEvents(truth, lines);
  const topology = new Topology(cmdb);
  const influence = new Influence(topology);
  const reader = new SymptomReader();
  const faults = truth.faults.flatMap(({ id, acceptableRoots, detectable }) => {
    const mine = alerts.get(id);
    return detectable && mine !== undefined ? [{ mine, roots: cisOf(acceptableRoots, topology) }] : [];
  });
  if (faults.length === 0) return null;
  return WAY_COSTS.map((costMax) => {
    const counts = faults.map(({ mine, roots }) => {
      const ends = mine.map(({ ci, check, summary }) => {
        const known = topology.find(ci);
        const causes = known === undefined ? null : influence.causes(known, reader.read(check, summary));
        const reached = causes?.keys.filter((_, index) => (causes.costs[index] ?? 0) <= costMax).map(faultCi) ?? [];
        return { own: known ?? ci, reached };
      });
      return pieces(ends, roots);
    });
    return counts.reduce((sum, count) => sum + count, 0) / counts.length;
  });
}

interface FirstEvent {
  ci: string;
  check: string;
  summary: string;
}

/** By fault, the first event of each alert that is of this fault alone. */
function firstEvents(truth: TruePieces, lines: readonly string[]): Map<string, FirstEvent[]> {
  const seen = new Set<string>();
  const found = new Map<string, FirstEvent[]>();
  for (const line of lines) {
    const { id, ci, check, summary } = JSON.parse(line) as FirstEvent & { id: string };
    const [label = "", episode = "", state] = (truth.events[id] ?? "").split("|");
    if (state !== "F" || !label.startsWith("fault:") || label.includes("+") || seen.has(episode)) continue;
    seen.add(episode);
    const fault = label.slice("fault:".length);
    const list = found.get(fault);
    if (list === undefined) found.set(fault, [{ ci, check, summary }]);
    else list.push({ ci, check, summary });
  }
  return found;
}

function cisOf(names: readonly string[], topology: Topology): ReadonlySet<number> {
  return new Set(names.flatMap((name) => topology.find(name) ?? []));
}

/** `own`: where the alert is, an unknown CI by its name; `reached`: the CIs that could have caused it. */
interface Ends {
  own: number | string;
  reached: readonly number[];
}

/** Into how many parts the alerts fall, where each is joined with its CI, those that it reaches, and all that reach a root. */
function pieces(alerts: readonly Ends[], roots: ReadonlySet<number>): number {
  const places = new Set(alerts.map(({ own }) => own));
  const parent = new Map<number | string, number | string>();
  const top = (place: number | string): number | string => {
    let at = place;
    for (let next = parent.get(at); next !== undefined; next = parent.get(at)) at = next;
    return at;
  };
  const join = (a: number | string, b: number | string): void => {
    const [from, to] = [top(a), top(b)];
    if (from !== to) parent.set(from, to);
  };
  for (const { own, reached } of alerts) {
    for (const ci of reached) {
      if (roots.has(ci)) join(own, ROOT);
      if (places.has(ci)) join(own, ci);
    }
  }
  return new Set(alerts.map(({ own }) => top(own))).size;
}

/** All roots of a fault are one place. */
const ROOT = "the root";

/** The means over scenarios, as `npm run score` prints them; without those that have no such fault. */
export function piecesText(scenarios: readonly (readonly number[] | null)[]): string {
  const known = scenarios.filter((pieces) => pieces !== null);
  return WAY_COSTS.map((cost, index) => {
    const mean = known.reduce((sum, pieces) => sum + (pieces[index] ?? 0), 0) / known.length;
    return `${mean.toFixed(2)} (ways that cost up to ${cost})`;
  }).join(", ");
}
