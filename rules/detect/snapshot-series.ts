import type { CompiledRule } from "./compile.ts";
import type { Series } from "./series.ts";
import { labelsOfKey, type SeriesTable } from "./series-table.ts";
import type { DetectorSnapshot, SeriesSnapshot } from "./snapshot.ts";

/** All series with their labels; one whose labels cannot be told from its key is left out, and begins anew. */
export function saveSeries(table: SeriesTable, ruleAt: ReadonlyMap<CompiledRule, number>): SeriesSnapshot[] {
  const saved: SeriesSnapshot[] = [];
  for (const { name, byCi } of table.names.values()) {
    for (const [ci, byLabels] of byCi) {
      const seen = new Set<Series>();
      for (const [key, series] of byLabels) {
        const labels = seen.has(series) ? undefined : labelsOfKey(key);
        seen.add(series);
        if (labels === undefined) continue;
        saved.push({ name, ci, labels, numbers: series.save(), slots: saveSlots(series, ruleAt) });
      }
    }
  }
  return saved;
}

function saveSlots(series: Series, ruleAt: ReadonlyMap<CompiledRule, number>): SeriesSnapshot["slots"] {
  return series.bindings.map(({ slot, compiled, input }) => ({
    rule: ruleAt.get(compiled) ?? -1,
    input,
    isCounter: slot.window?.isCounter ?? false,
    value: slot.value,
    isFresh: slot.isFresh,
    isStale: slot.isStale,
    window: slot.window?.save() ?? null,
  }));
}

/** Makes the series anew and gives each what it had. Of a rule that is not there any more nothing is left. */
export function loadSeries(
  table: SeriesTable,
  snapshot: DetectorSnapshot,
  rules: readonly (CompiledRule | undefined)[],
): void {
  for (const { name, ci, labels, numbers, slots } of snapshot.series) {
    const index = table.names.get(name);
    const type = slots.some((slot) => slot.isCounter) ? "counter" : "gauge";
    const series = index === undefined ? undefined : table.find(index, ci, { labels, type, unit: "" }, snapshot.tickAt);
    if (series === undefined) continue;
    series.load(numbers);
    for (const { slot, group, compiled, input } of series.bindings) {
      const saved = slots.find((each) => rules[each.rule] === compiled && each.input === input);
      if (saved === undefined) continue;
      slot.value = saved.value;
      slot.isFresh = saved.isFresh;
      slot.isStale = saved.isStale;
      if (saved.window !== null) slot.window?.load(saved.window);
      if (group !== null && saved.isStale) group.expected -= 1;
    }
  }
  for (const { ci, seenTick } of snapshot.cis) {
    const state = table.cis.get(ci);
    if (state !== undefined) state.seenTick = seenTick;
  }
}
