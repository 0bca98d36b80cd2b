/** A root that was named with some confidence, and whether it was right. */
export interface Named {
  confidence: number;
  right: boolean;
  /** Of the evidence, what spoke for it: the best candidate's score. */
  share: number;
  inferred: boolean;
  /** Scenarios of one world were made by the same rules. */
  world: string;
}

const EDGES = [0, 0.3, 0.5, 0.7, 0.85, 0.95, 1.001];

/** The reliability table: of the roots named with about this confidence, how many are right. */
export function calibration(named: readonly Named[]): string {
  const lines = ["confidence    named   mean   right"];
  let error = 0;
  for (let index = 0; index + 1 < EDGES.length; index += 1) {
    const from = EDGES[index] ?? 0;
    const to = EDGES[index + 1] ?? 1;
    const bin = named.filter((one) => one.confidence >= from && one.confidence < to);
    if (bin.length === 0) continue;
    const mean = bin.reduce((sum, one) => sum + one.confidence, 0) / bin.length;
    const right = bin.filter((one) => one.right).length / bin.length;
    error += (bin.length / named.length) * Math.abs(mean - right);
    const range = `${from.toFixed(2)}–${Math.min(1, to).toFixed(2)}`;
    lines.push(
      `${range.padEnd(12)} ${String(bin.length).padStart(6)} ${mean.toFixed(2).padStart(6)} ${right.toFixed(2).padStart(7)}`,
    );
  }
  lines.push(`expected calibration error ${error.toFixed(3)} over ${named.length} roots`);
  return lines.join("\n");
}

const ROUNDS = 3000;
const STEP = 0.01;
const HELD_BACK = 0.5;

/** What `calibrated` in `collector/core/root-cause/ranker.ts` has as numbers: log odds of even share, clearer share, silence. */
function featuresOf({ share, inferred }: Named): number[] {
  return [1, Math.log((share + 0.02) / (1.02 - share)), inferred ? 1 : 0];
}

function chance(weights: readonly number[], features: readonly number[]): number {
  return 1 / (1 + Math.exp(-features.reduce((sum, value, at) => sum + value * (weights[at] ?? 0), 0)));
}

/** Logistic regression, with weights held back a little. */
function fit(named: readonly Named[]): number[] {
  let weights = [0, 0, 0];
  for (let round = 0; round < ROUNDS; round += 1) {
    const slope = weights.map((weight, at) => (at === 0 ? 0 : -HELD_BACK * weight));
    for (const one of named) {
      const features = featuresOf(one);
      const miss = Number(one.right) - chance(weights, features);
      features.forEach((value, at) => {
        slope[at] = (slope[at] ?? 0) + value * miss;
      });
    }
    weights = weights.map((weight, at) => weight + (STEP * (slope[at] ?? 0)) / Math.sqrt(named.length));
  }
  return weights;
}

/** For each world, its roots with the confidence that a fit on all other worlds gives them; and the fit on all. */
export function crossValidated(named: readonly Named[]): string {
  const worlds = [...new Set(named.map(({ world }) => world))].sort();
  const unseen: Named[] = [];
  const lines = ["left out     roots   right  named"];
  for (const world of worlds) {
    const weights = fit(named.filter((one) => one.world !== world));
    const own = named
      .filter((one) => one.world === world)
      .map((one) => ({ ...one, confidence: chance(weights, featuresOf(one)) }));
    unseen.push(...own);
    const mean = (of: (one: Named) => number): string =>
      (own.reduce((sum, one) => sum + of(one), 0) / own.length).toFixed(2).padStart(6);
    const [right, said] = [mean((one) => Number(one.right)), mean((one) => one.confidence)];
    lines.push(`${world.padEnd(12)} ${String(own.length).padStart(5)}  ${right} ${said}`);
  }
  const all = fit(named)
    .map((weight) => weight.toFixed(2))
    .join(", ");
  return `${lines.join("\n")}\n\non worlds left out of the fit\n${calibration(unseen)}\n\nfit on all: ${all}`;
}
