/** Letters and digits only, lower case: `resolve_timeout`, `ResolveTimeout` and `resolveTimeout` are one spelling. */
const bare = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, "");

/** Damerau–Levenshtein (optimal string alignment): how many slips of the finger lie between two words. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (before[j - 2] ?? 0) + 1);
      row.push(best);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** The candidate that was probably meant; undefined when none is near. Equal ones: the first wins. */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  const wanted = bare(name.slice(0, 100));
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, bare(candidate));
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `did you mean "x"?`, else the list of what there is, else "". */
export function didYouMean(name: string, candidates: readonly string[]): string {
  const guess = nearest(name, candidates);
  if (guess !== undefined) return `did you mean "${guess}"?`;
  if (candidates.length === 0) return "";
  const shown = candidates.slice(0, 20).join(", ");
  return `known here: ${shown}${candidates.length > 20 ? ", …" : ""}`;
}

/** A value as a message shows it: short, on one line, never a secret (callers see to that). */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  if (typeof value !== "string") return `${typeof value} ${JSON.stringify(value)}`;
  const line = value.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "�");
  return `"${line.length > 60 ? `${line.slice(0, 60)}…` : line}"`;
}
