import type { Finding } from "../../protocol/finding.ts";
import { createDetector } from "../../rules/detect/create-detector.ts";
import { createEventFilter } from "../../rules/detect/event-filter.ts";
import type { Rule } from "../../rules/detect/rule.ts";
import { loadPacks } from "../composition/load-packs.ts";
import type { ReplayRules } from "../runtime/replay.ts";
import { detectionEvent } from "../series/collector-event.ts";

/** Packs to run over a recording. */
export async function rulesFrom(folders: readonly string[]): Promise<{ rules: ReplayRules; findings: Finding[] }> {
  const { rules, findings } = await loadPacks(folders);
  return { rules: replayRules(rules), findings };
}

function replayRules(rules: readonly Rule[]): ReplayRules {
  const filter = createEventFilter(rules);
  const detector = createDetector(rules);
  return {
    event(event) {
      const verdict = filter(event);
      if (verdict === null) return event;
      if (verdict.action === "drop") return { dropped: verdict };
      return { ...event, severity: verdict.severity ?? event.severity, labels: { ...event.labels, ...verdict.labels } };
    },
    sample: ({ ci, metric, value, at, labels, unit }) =>
      detector
        .observe(ci, { name: metric, value, at, labels, unit: unit ?? "", type: "gauge" })
        .map((detection) => detectionEvent(detection)),
    tick: (at) => detector.tick(at).map((detection) => detectionEvent(detection)),
  };
}
