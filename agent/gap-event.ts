import type { WireEvent } from "../protocol/agent-event.ts";
import type { DropReason, Gap } from "./spool/spool.ts";

const WHY: Readonly<Record<DropReason, string>> = {
  cap: "the spool was full",
  reserve: "the disk was full",
  memory: "the disk took nothing and memory was full",
  damaged: "the spool was damaged on disk",
  refused: "the collector refused it",
};

/** How long a loss is shown; it asks nobody to act, and it is no change of the host that could be a fault's cause. */
const SHOWN_FOR = "1h";

/** Says what never reached the collector, to the item, so that a hole in a chart has an explanation. */
export function gapEvents(gaps: readonly Gap[], about: { ci: string; at: number; nextId: () => string }): WireEvent[] {
  return gaps.map((gap) => {
    const what = gap.lane === "metric" ? "data points" : "events";
    const from = gap.fromMs > 0 ? new Date(gap.fromMs).toISOString() : "";
    const to = new Date(gap.toMs).toISOString();
    return {
      id: about.nextId(),
      source: "agent",
      ci: about.ci,
      check: "agent_data_lost",
      instance: `${gap.lane}/${gap.reason}`,
      status: "firing",
      severity: "info",
      summary: `${gap.items} ${what} were lost: ${WHY[gap.reason]}`,
      time: new Date(about.at).toISOString(),
      expiresAfter: SHOWN_FOR,
      labels: { lane: gap.lane, reason: gap.reason },
      annotations: { items: String(gap.items), records: String(gap.records), ...(from === "" ? {} : { from }), to },
    };
  });
}
