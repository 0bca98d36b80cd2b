/** As much of a fault's truth as the oracle needs; times as RFC 3339. */
export interface TrueFault {
  page?: string;
  firstEventAt?: string | null;
  firstMajorAt?: string | null;
}

/** The oracle wakes someone so long after the first alert that is major or worse: the shortest settle time. */
const SETTLE_S = 10;

/**
 * The best that could be done: seconds from a fault's first event to its page, as macro averages over scenarios, by one who
 * knows of each alert which fault it belongs to and pages as soon as anything major is heard of it. Null = no fault must page.
 */
export function pageOracle(scenarios: readonly (readonly TrueFault[])[]): { p50: number; p95: number } | null {
  const p50: number[] = [];
  const p95: number[] = [];
  for (const faults of scenarios) {
    const waits = faults.flatMap(({ page, firstEventAt, firstMajorAt }) =>
      page === "must" && typeof firstEventAt === "string"
        ? [(Date.parse(firstMajorAt ?? firstEventAt) - Date.parse(firstEventAt)) / 1000 + SETTLE_S]
        : [],
    );
    if (waits.length === 0) continue;
    p50.push(quantile(waits, 0.5));
    p95.push(quantile(waits, 0.95));
  }
  return p50.length === 0 ? null : { p50: mean(p50), p95: mean(p95) };
}

/** Nearest rank, as the scorer has it. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
