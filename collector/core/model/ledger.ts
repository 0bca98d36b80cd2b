import type { AlertId, IncidentId } from "./identity.ts";
import type { CiId } from "./ci.ts";
import type { UnixMillis } from "./time.ts";

/** Plain data, as JSON holds it. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/**
 * The record of one decision, also of the decision not to page: what was decided, by which rule, on which facts,
 * and what would have happened otherwise. `tocsin why` is told from these alone.
 */
export interface LedgerRecord {
  at: UnixMillis;
  /** Dot name, closed list per stage: `alert.late`, `alert.withheld`, `incident.opened`, `alert.joined`, `incident.merged`,
   * `root.changed`, `notification.decided`, `notification.withheld`, `incident.resolved` … */
  decision: string;
  incident: IncidentId | null;
  alert: AlertId | null;
  ci: CiId | null;
  /** The rule, setting, silence, window or dependency that decided. */
  rule: string;
  /** In plain words, strongest first. */
  reasons: readonly string[];
  /** What would have happened without it; null where there is nothing to say. */
  counterfactual: string | null;
  /** Inputs of the decision: scores, CMDB path, window. */
  facts: Readonly<Record<string, Json>>;
}
