/** A root that was named with some confidence, and whether it was right. */
export interface Named {
  confidence: number;
  right: boolean;
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
