/** Plain lines of figures, for people and for comparing runs. */
export function print(name: string, figures: Readonly<Record<string, string | number>>): void {
  const text = Object.entries(figures).map(([key, value]) => `${key} ${value}`);
  process.stdout.write(`${name.padEnd(58)} ${text.join("  ")}\n`);
}

/** Of a list in ascending order. */
export function percentile(sorted: readonly number[], share: number): string {
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1);
}

export function ascending(numbers: readonly number[]): number[] {
  return numbers.toSorted((a, b) => a - b);
}
