import type { Labels } from "../core/model/event.ts";
import type { Submission } from "../port/intake.ts";

const EVENT_BYTES = 400;
const SMALL_BYTES = 200;
/** One of the numbers that name an alert. */
const REPEATED_BYTES = 8;
const CI_BYTES = 300;
const RELATION_BYTES = 150;

/** Rough memory of a submission; only sums matter. */
export function sizeOf(submission: Submission): number {
  switch (submission.kind) {
    case "event": {
      const { event } = submission;
      return EVENT_BYTES + 2 * event.summary.length + sizeOfLabels(event.labels) + sizeOfLabels(event.annotations);
    }
    case "again":
      return SMALL_BYTES + REPEATED_BYTES * submission.alerts.length;
    case "topology":
      return submission.cmdb.cis.length * CI_BYTES + submission.cmdb.relations.length * RELATION_BYTES;
    case "leftOut":
      return 0;
    case "heartbeat":
    case "command":
    case "settings":
      return SMALL_BYTES;
  }
}

function sizeOfLabels(labels: Labels): number {
  let size = 0;
  for (const name in labels) size += 32 + 2 * (name.length + (labels[name]?.length ?? 0));
  return size;
}
