import type { Unit } from "../model/evidence.ts";
import type { IncidentId } from "../model/identity.ts";
import type { FaultKey } from "../model/influence.ts";

/** What one fault explains. */
export interface Group {
  fault: FaultKey;
  anchor: IncidentId | null;
  units: Unit[];
}
