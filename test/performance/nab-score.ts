/** How the Numenta Anomaly Benchmark scores detections (Lavin & Ahmad 2015), for one threshold over all files. */
export interface ScoredSeries {
  /** One score a row, 0 … 1. */
  scores: readonly number[];
  /** First and last row of each labelled window, ascending. */
  windows: readonly (readonly [number, number])[];
}

/** Weights of a hit, a false alarm and a missed window. */
export interface Profile {
  name: string;
  hit: number;
  falseAlarm: number;
  miss: number;
}

export const PROFILES: readonly Profile[] = [
  { name: "standard", hit: 1, falseAlarm: 0.11, miss: 1 },
  { name: "low false positives", hit: 1, falseAlarm: 0.22, miss: 1 },
  { name: "low false negatives", hit: 1, falseAlarm: 0.11, miss: 2 },
];

export interface NabResult {
  /** 0 = detects nothing, 100 = perfect. */
  score: number;
  /** The best one; a row at or above it is a detection. */
  threshold: number;
  hits: number;
  windows: number;
  falseAlarms: number;
}

/** Rows at the beginning of a file that are not scored. */
export function probation(rows: number): number {
  return Math.min(Math.floor(0.15 * rows), 750);
}

function sigmoid(y: number): number {
  return y > 3 ? -1 : 2 / (1 + Math.exp(5 * y)) - 1;
}

/** What one detection is worth, in a window (0 … hit) or outside of all (0 … -falseAlarm). */
function worth(row: number, windows: ScoredSeries["windows"], profile: Profile): { window: number; value: number } {
  const window = windows.findIndex(([first, last]) => row >= first && row <= last);
  if (window !== -1) {
    const [first, last] = windows[window] as readonly [number, number];
    const position = -(last - row + 1) / (last - first + 1);
    return { window, value: (profile.hit * sigmoid(position)) / sigmoid(-1) };
  }
  const before = windows.findLast(([, last]) => last < row);
  if (before === undefined) return { window, value: -profile.falseAlarm };
  const [first, last] = before;
  return { window, value: profile.falseAlarm * sigmoid((row - last) / (last - first)) };
}

/** The score at the best threshold. Lowers the threshold row by row and keeps the best sum. */
export function nabScore(series: readonly ScoredSeries[], profile: Profile): NabResult {
  const rows = series.flatMap(({ scores }, file) =>
    scores.flatMap((score, row) => (row >= probation(scores.length) && score > 0 ? [{ score, file, row }] : [])),
  );
  rows.sort((a, b) => b.score - a.score);
  const windows = series.reduce((sum, each) => sum + each.windows.length, 0);
  const found = series.map((each) => each.windows.map(() => Number.NEGATIVE_INFINITY));
  const nothing = -profile.miss * windows;
  let sum = nothing;
  let hits = 0;
  let falseAlarms = 0;
  let best = { sum, threshold: Number.POSITIVE_INFINITY, hits: 0, falseAlarms: 0 };
  for (const [index, { score, file, row }] of rows.entries()) {
    const { window, value } = worth(row, (series[file] as ScoredSeries).windows, profile);
    if (window === -1) {
      sum += value;
      falseAlarms += 1;
    } else {
      const values = found[file] as number[];
      const known = values[window] as number;
      if (known === Number.NEGATIVE_INFINITY) {
        sum += profile.miss + value;
        hits += 1;
      } else sum += Math.max(0, value - known);
      values[window] = Math.max(known, value);
    }
    // Rows of one score are detected together.
    if (rows[index + 1]?.score !== score && sum > best.sum) best = { sum, threshold: score, hits, falseAlarms };
  }
  const score = (100 * (best.sum - nothing)) / (profile.hit * windows - nothing);
  return { score, threshold: best.threshold, hits: best.hits, windows, falseAlarms: best.falseAlarms };
}
