import type { Severity } from "../../../core/model/severity.ts";
import { at, entryOf, textAt } from "../../field.ts";

/** What an event of Azure's activity log says of the health of a service or a resource. */
export interface Health {
  isOver: boolean;
  severity: Severity;
  /** What it is about, beside the target of the rule. */
  instance: string;
}

const BY_INCIDENT: Readonly<Record<string, Severity>> = {
  incident: "major",
  security: "major",
  actionrequired: "warning",
  maintenance: "info",
  informational: "info",
};
const BY_STATUS: Readonly<Record<string, Severity>> = { unavailable: "major", degraded: "minor", unknown: "warning" };
const lower = (value: unknown): string | undefined => textAt(value, 128)?.toLowerCase();

/**
 * Alerts on the activity log are all `Sev4` and all `Fired`, also the one that tells that it is over: what has happened stands
 * in their properties. Undefined for what is no health event.
 *
 * @param about the alert's context.
 */
export function healthOf(about: unknown): Health | undefined {
  const properties = at(about, "properties");
  const tracking = textAt(at(properties, "trackingId"), 128);
  if (tracking !== undefined) {
    const stage = lower(at(properties, "stage"));
    return {
      isOver: stage === "resolved" || stage === "rca" || stage === "complete" || stage === "canceled",
      severity: entryOf(BY_INCIDENT, lower(at(properties, "incidentType"))) ?? "major",
      instance: tracking,
    };
  }
  const status = lower(at(properties, "currentHealthStatus"));
  if (status === undefined) return undefined;
  // Somebody has stopped it.
  const isMeant = lower(at(properties, "cause")) === "userinitiated";
  return {
    isOver: status === "available" || lower(at(about, "status")) === "resolved",
    severity: isMeant ? "info" : (entryOf(BY_STATUS, status) ?? "major"),
    instance: "",
  };
}
