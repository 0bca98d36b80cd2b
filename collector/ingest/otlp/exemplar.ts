import type { OtlpExemplar } from "../../../protocol/otlp.ts";
import type { Exemplar } from "../../../protocol/sample.ts";

/** OpenMetrics 1.0: names and values of an exemplar's labels together. */
const LABELS_LENGTH_MAX = 128;

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
  const labels: Record<string, string> = {};
  let left = LABELS_LENGTH_MAX;
  const add = (name: string, text: string): void => {
    const length = Array.from(name).length + Array.from(text).length;
    if (text === "" || length > left || !/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) || labels[name] !== undefined) return;
    labels[name] = text;
    left -= length;
  };
  add("trace_id", traceId);
  add("span_id", spanId);
  for (const name of Object.keys(attributes).sort()) add(name.replace(/[^a-zA-Z0-9_]/g, "_"), attributes[name] ?? "");
  return { labels, value, at };
}
