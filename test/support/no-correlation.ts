import type { Alert } from "../../collector/core/model/alert.ts";
import type { Placement } from "../../collector/core/model/correlation.ts";
import { NeighbourCorrelator } from "./neighbour-correlator.ts";

/** Keeps every alert out of incidents: what is left is the cost of everything around correlation. */
export class NoCorrelation extends NeighbourCorrelator {
  override onFiring(alert: Readonly<Alert>): Placement[] {
    return [{ type: "withhold", alert: alert.id, rule: "benchmark", reasons: ["none"], until: null }];
  }
}
