/** The part of the scorer's answer that the tables show. */
export interface Score {
  composite: number | null;
  alerts: { f1: number | null; macroF1: number | null; macroPrecision: number | null; macroRecall: number | null };
  events: { ari: number | null };
  structure: { incidentsPerFault: number | null; falseMergeRate: number | null };
  rootCause: { top1: number | null; top3: number | null; weighted: number | null; firstPageTop1: number | null };
  change: { f1: number | null };
  pages: {
    perFault: number | null;
    backgroundTotal: number;
    missed: number;
    timeToPageP50: number | null;
    timeToPageP95: number | null;
  };
  lifecycle: { stuckOpen: number; premature: number; withoutIncident: number };
  faults: Record<string, { main: string | null; top1: boolean | null }>;
}

interface Measure {
  short: string;
  of: (score: Score) => number | null;
}

/** Columns of every table, in the order of the issue. */
export const MEASURES: readonly Measure[] = [
  { short: "score", of: (s) => s.composite },
  { short: "pairF1", of: (s) => s.alerts.f1 },
  { short: "macroF1", of: (s) => s.alerts.macroF1 },
  { short: "macroP", of: (s) => s.alerts.macroPrecision },
  { short: "macroR", of: (s) => s.alerts.macroRecall },
  { short: "ARI", of: (s) => s.events.ari },
  { short: "inc/f", of: (s) => s.structure.incidentsPerFault },
  { short: "merges", of: (s) => s.structure.falseMergeRate },
  { short: "top1", of: (s) => s.rootCause.top1 },
  { short: "top3", of: (s) => s.rootCause.top3 },
  { short: "weight", of: (s) => s.rootCause.weighted },
  { short: "1stpg", of: (s) => s.rootCause.firstPageTop1 },
  { short: "change", of: (s) => s.change.f1 },
  { short: "pg/f", of: (s) => s.pages.perFault },
  { short: "bgpg", of: (s) => s.pages.backgroundTotal },
  { short: "missed", of: (s) => s.pages.missed },
  { short: "p50", of: (s) => s.pages.timeToPageP50 },
  { short: "p95", of: (s) => s.pages.timeToPageP95 },
  { short: "stuck", of: (s) => s.lifecycle.stuckOpen },
  { short: "early", of: (s) => s.lifecycle.premature },
  { short: "none", of: (s) => s.lifecycle.withoutIncident },
];

function show(value: number | null): string {
  if (value === null || Number.isNaN(value)) return "-".padStart(7);
  return (value >= 10 ? value.toFixed(1) : value.toFixed(2)).padStart(7);
}

export function row(score: Score): string {
  return MEASURES.map((measure) => show(measure.of(score))).join("");
}

/** Mean over scenarios; those to which a measure does not apply are left out of it. */
export function macro(scores: readonly Score[], measure: Measure): number | null {
  const values = scores.map((score) => measure.of(score)).filter((value) => value !== null);
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function macroRow(scores: readonly Score[]): string {
  return MEASURES.map((measure) => show(macro(scores, measure))).join("");
}
