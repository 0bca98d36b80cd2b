/** OpenMetrics 1.0: names and values of an exemplar's labels together. */
const LENGTH_MAX = 128;

/**
 * Of these labels as many as an exemplar has room for, in their order; names as Prometheus writes them, the first of two
 * with one name.
 */
export function exemplarLabels(pairs: Iterable<readonly [name: string, value: string]>): Record<string, string> {
  const labels: Record<string, string> = {};
  let left = LENGTH_MAX;
  for (const [name, value] of pairs) {
    const length = Array.from(name).length + Array.from(value).length;
    if (value === "" || length > left || labels[name] !== undefined) continue;
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) || name === "__proto__") continue;
    labels[name] = value;
    left -= length;
  }
  return labels;
}
