import type { OtlpExemplar } from "../../../protocol/otlp.ts";
import type { Exemplar } from "../../../protocol/sample.ts";
import { exemplarLabels } from "../exemplar-labels.ts";

/** The newest in (above, upTo]; undefined where none is. */
export function exemplarWithin(
  exemplars: readonly OtlpExemplar[] | undefined,
  above: number,
  upTo: number,
): Exemplar | undefined {
  let newest: OtlpExemplar | undefined;
  for (const exemplar of exemplars ?? [])
    if (exemplar.value > above && exemplar.value <= upTo && exemplar.at >= (newest?.at ?? 0)) newest = exemplar;
  return newest && exemplarOf(newest);
}

/** The trace first, then as many attributes as there is room for. */
function exemplarOf({ at, value, traceId, spanId, attributes }: OtlpExemplar): Exemplar {
  const others = Object.keys(attributes)
    .sort()
    .map((name) => [name.replace(/[^a-zA-Z0-9_]/g, "_"), attributes[name] ?? ""] as const);
  return { labels: exemplarLabels([["trace_id", traceId], ["span_id", spanId], ...others]), value, at };
}
