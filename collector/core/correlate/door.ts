import type { IncidentId } from "../model/identity.ts";

/** An open incident that is in trouble on a CI next to some unit. */
export interface Door {
  incident: IncidentId;
  /** The CI next to it. */
  ci: number;
  /** What it costs that the trouble came from there. */
  cost: number;
}
