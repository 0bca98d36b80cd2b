import type { Impact } from "../model/incident.ts";
import { PRIORITIES, type Priority, type Severity } from "../model/severity.ts";

/** How soon something must be done, by the worst severity: 1 (now) … 4 (some day). */
const URGENCY: Readonly<Record<Severity, number>> = { critical: 1, major: 2, minor: 3, warning: 3, info: 4 };
/** Better a little too high than missed. */
const CRITICALITY_UNKNOWN = 2;

export interface PriorityVerdict {
  priority: Priority;
  /** In plain words. */
  reason: string;
}

/**
 * ITIL's impact × urgency. Impact is the criticality of the worst business service hit; while redundancy is left it
 * counts one step less, and with none left the urgency is at least that of a major fault.
 */
export function priorityOf(
  severity: Severity,
  impact: Readonly<Impact>,
  rootCriticality: number | null,
): PriorityVerdict {
  let level = (rootCriticality ?? CRITICALITY_UNKNOWN) + 1;
  let reason = rootCriticality === null ? "no business service is known to be hit" : "no business service is hit";
  let isDown = false;
  for (const service of impact.services) {
    const safe = service.redundancyLeft !== null && service.redundancyLeft > 0;
    const own = service.criticality + (safe ? 1 : 0);
    if (own > level || (own === level && isDown)) continue;
    level = own;
    isDown = service.redundancyLeft === 0;
    reason = `${service.ci} (criticality ${service.criticality}) is hit, ${redundancy(service.redundancyLeft)}`;
  }
  const urgency = isDown ? Math.min(2, URGENCY[severity]) : URGENCY[severity];
  const rank = Math.max(0, Math.min(PRIORITIES.length - 1, level + urgency - 2));
  return { priority: PRIORITIES[rank] ?? "P5", reason: `${reason}; ${severity}` };
}

function redundancy(left: number | null): string {
  if (left === null) return "redundancy unknown";
  if (left === 0) return "no redundancy left";
  return left === 1 ? "1 alternative left" : `${left} alternatives left`;
}
