import type { CorrelationView, Ranking, RootEvidence } from "../model/correlation.ts";
import type { Note, Unit } from "../model/evidence.ts";
import type { Candidate, RootCause } from "../model/incident.ts";
import { faultKey } from "../model/influence.ts";
import {
  type MetricAnswer,
  type MetricEvidence,
  type MetricSymptom,
  type Suffering,
  sufferingOf,
} from "../model/metric-evidence.ts";
import type { Symptom } from "../model/symptom.ts";
import type { UnixMillis } from "../model/time.ts";
import { impactOf } from "./impact.ts";

/** CIs of one incident that metrics are asked about, first to alarm first. */
const SYMPTOMS_MAX = 5;
const SHOWN = 5;
/** Each alarming CI that metrics say nothing about takes so much of their weight. */
const UNTOLD_WEIGHT = 0.5;
/** Metrics that explain all of a symptom have been right nine times in ten on faults put into real recordings. */
const CONFIDENCE_MIN = 0.3;
const CONFIDENCE_RANGE = 0.62;

/** Symptoms that the metrics of calls can tell something about; whether a disk is full is not seen in them. */
const TOLD: ReadonlySet<Symptom> = new Set<Symptom>(["slow", "errors", "other"]);

/**
 * The verdict of the events, corrected by what the metrics of the symptom and of all it needs say. Without samples it
 * stays as it is. Where one CI alone is reported, and samples show that neither it nor what it needs is unusual, nobody is
 * named: an honest "nothing is wrong there" is worth more than a guess.
 */
export function withMetrics(
  ranking: Ranking,
  { units, evidence }: { units: readonly Unit[]; evidence: RootEvidence },
  at: UnixMillis,
  view: CorrelationView,
): Ranking {
  const { metrics } = view;
  if (metrics === undefined || metrics.isEmpty || evidence.incident.rootPinned) return ranking;
  const answers = answersFor(units, metrics, at);
  const explained = answers.filter((answer) => answer.state === "explained");
  if (explained.length > 0) return corrected(ranking, explained, { units, evidence, view });
  const isUsual = units.length === 1 && answers[0]?.state === "usual";
  if (!isUsual || ranking.rootCause.change !== null) return ranking;
  const rootCause: RootCause = { ci: null, confidence: 0, inferred: false, candidates: [], change: null };
  return {
    ...ranking,
    rootCause,
    fault: null,
    impact: impactOf(units, null, { topology: view.topology, fallen: evidence.fallen }),
  };
}

function answersFor(units: readonly Unit[], metrics: MetricEvidence, at: UnixMillis): MetricAnswer[] {
  const answers: MetricAnswer[] = [];
  for (const unit of units) {
    const symptom = symptomOf(unit);
    if (symptom === null) continue;
    answers.push(metrics.explain(symptom, at));
    if (answers.length === SYMPTOMS_MAX) break;
  }
  return answers;
}

/** null: metrics of calls say nothing about this kind of trouble. */
function symptomOf({ ci, notes, onset }: Unit): MetricSymptom | null {
  let found: MetricSymptom | null = null;
  for (const note of notes) {
    const kind = kindOf(note);
    if (kind === undefined) return null;
    found ??= { ci, kind, onset };
    found.kind ??= kind;
  }
  return found;
}

/** null: one of the two, it is not said which; undefined: neither. */
function kindOf({ alert, symptom }: Note): Suffering | null | undefined {
  const named = sufferingOf(alert.check);
  if (/availab/i.test(alert.check)) return named;
  if (!TOLD.has(symptom)) return undefined;
  if (named !== null) return named;
  return symptom === "slow" || symptom === "errors" ? symptom : sufferingOf(alert.summary);
}

interface Setting {
  units: readonly Unit[];
  evidence: RootEvidence;
  view: CorrelationView;
}

type Explained = Extract<MetricAnswer, { state: "explained" }>;

function corrected(ranking: Ranking, answers: readonly Explained[], { units, evidence, view }: Setting): Ranking {
  const { topology } = view;
  const shares = new Map<number, { share: number; reasons: string[] }>();
  for (const { ci, share, reasons } of answers.flatMap(({ suspects }) => suspects)) {
    const known = shares.get(ci);
    shares.set(ci, { share: (known?.share ?? 0) + share / answers.length, reasons: known?.reasons ?? reasons });
  }
  const all = [...shares.values()].reduce((sum, { share }) => sum + share, 0);
  const weight = 1 / (1 + UNTOLD_WEIGHT * (units.length - answers.length));
  const candidates = new Map<string, Candidate>();
  for (const [ci, { share, reasons }] of shares) {
    const id = topology.id(ci);
    candidates.set(id, { ci: id, score: (weight * share) / all, reasons });
  }
  for (const { ci, score, reasons } of weight === 1 ? [] : ranking.rootCause.candidates) {
    const known = candidates.get(ci);
    const more = (1 - weight) * score;
    if (known === undefined) candidates.set(ci, { ci, score: more, reasons });
    else candidates.set(ci, { ci, score: known.score + more, reasons: [...known.reasons, ...reasons] });
  }
  const shown = [...candidates.values()]
    .sort((a, b) => b.score - a.score)
    .slice(0, SHOWN)
    .map((candidate) => ({ ...candidate, score: round(candidate.score) }));
  const best = shown[0];
  const root = best === undefined ? undefined : topology.find(best.ci);
  if (best === undefined || root === undefined) return ranking;
  const isSame = best.ci === ranking.rootCause.ci;
  const rootCause: RootCause = {
    ci: best.ci,
    confidence: round(
      CONFIDENCE_MIN + CONFIDENCE_RANGE * best.score * Math.min(1, (shares.get(root)?.share ?? 0) / 0.8),
    ),
    inferred: !units.some((unit) => unit.ci === root),
    candidates: shown,
    change: isSame ? ranking.rootCause.change : null,
  };
  return {
    ...ranking,
    rootCause,
    fault: faultKey(root, false),
    impact: impactOf(units, root, { topology, fallen: evidence.fallen }),
  };
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
