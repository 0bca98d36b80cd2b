import type { Alert } from "../../collector/core/model/alert.ts";
import type { CorrelationView, Correlator, Placement, Ranking } from "../../collector/core/model/correlation.ts";
import type { Incident, ServiceImpact } from "../../collector/core/model/incident.ts";
import { severityRank } from "../../collector/core/model/severity.ts";
import type { IncidentId } from "../../collector/core/model/identity.ts";

const HOLD_MS = 10_000;

/**
 * The smallest honest correlation, for tests of what is around it: alerts on one CI, or on CIs that are related directly,
 * are one incident; its root is the CI that most of the others need. Everything is read from the view: there is nothing to restore.
 */
export class NeighbourCorrelator implements Correlator {
  private readonly stale = new Set<IncidentId>();

  takeGraph(): void {}

  recall(): void {}

  resume(): void {}

  restart(): void {
    this.stale.clear();
  }

  gone(): void {}

  noted(): null {
    return null;
  }

  threadOf(): null {
    return null;
  }

  takeNoted(): string[] {
    return [];
  }

  onFiring(alert: Readonly<Alert>, _at: number, view: CorrelationView): Placement[] {
    if (alert.severity === "info") {
      return [{ type: "withhold", alert: alert.id, rule: "info", reasons: ["it only informs"], until: null }];
    }
    const near = this.near(alert, view);
    const [home] = near;
    if (home === undefined) {
      if (alert.incident !== null && view.incident(alert.incident) !== undefined)
        return this.touched(alert.incident, []);
      return [{ type: "open", alerts: [alert.id], reasons: ["nothing near it is in trouble"] }];
    }
    const placements: Placement[] = [
      { type: "join", alerts: [alert.id], incident: home.id, reasons: [`near incident ${home.number}`] },
    ];
    for (const other of near.slice(1)) {
      placements.push({ type: "merge", from: other.id, into: home.id, reasons: [`${alert.ci} is near both`] });
    }
    return this.touched(home.id, placements);
  }

  onResolved(alert: Readonly<Alert>): Placement[] {
    return alert.incident === null ? [] : this.touched(alert.incident, []);
  }

  onChange(): void {}

  rank(incident: Readonly<Incident>, at: number, view: CorrelationView): Ranking {
    const { topology } = view;
    const cis = [...new Set(incident.members.map((member) => member.ci))].sort();
    const scored = cis.map((ci) => {
      const index = topology.register(ci);
      const dependents = topology.neededBy(index).filter((edge) => cis.includes(topology.id(edge.ci)));
      return {
        ci,
        score: (1 + dependents.length) / (1 + cis.length),
        reasons: [`${dependents.length} others need it`],
      };
    });
    scored.sort((a, b) => b.score - a.score || (a.ci < b.ci ? -1 : 1));
    const services: ServiceImpact[] = cis.flatMap((ci) => {
      const found = topology.ci(topology.register(ci));
      if (found.type !== "businessService") return [];
      return [{ ci, criticality: found.criticality ?? 3, redundancyLeft: 0 }];
    });
    const worst = Math.max(...incident.members.map((member) => severityRank(member.severity)));
    return {
      rootCause: {
        ci: scored[0]?.ci ?? null,
        confidence: 0.9,
        inferred: false,
        candidates: scored,
        change: null,
      },
      impact: { services, cis },
      holdMs: Math.max(0, incident.openingAt + HOLD_MS - at),
      holdReason: "a storm may gather",
      pageWorthy: worst >= severityRank("major"),
      pageReason: worst >= severityRank("major") ? "a major condition" : "nothing major in it",
      fault: null,
      doubt: 0,
      pageAfterMs: 0,
    };
  }

  nextReviewAt(): null {
    return null;
  }

  due(): Placement[] {
    return [];
  }

  takeStale(): IncidentId[] {
    const ids = [...this.stale];
    this.stale.clear();
    return ids;
  }

  takeLearned(): { id: string; value: unknown }[] {
    return [];
  }

  private touched(id: IncidentId, placements: Placement[]): Placement[] {
    this.stale.add(id);
    return placements;
  }

  /** Live incidents with an active alert on this CI or on one directly related, by number. */
  private near(alert: Readonly<Alert>, view: CorrelationView): Readonly<Incident>[] {
    const { topology } = view;
    const index = topology.register(alert.ci);
    const cis = [alert.ci];
    for (const edge of [...topology.needs(index), ...topology.neededBy(index)]) cis.push(topology.id(edge.ci));
    const found = new Map<IncidentId, Readonly<Incident>>();
    for (const ci of cis) {
      for (const other of view.activeAlertsOn(ci)) {
        const incident = other.incident === null ? undefined : view.incident(other.incident);
        if (incident !== undefined) found.set(incident.id, incident);
      }
    }
    for (const incident of view.liveIncidents()) {
      if (incident.status === "resolved" && incident.members.some((member) => member.ci === alert.ci)) {
        found.set(incident.id, incident);
      }
    }
    return [...found.values()].sort((a, b) => a.number - b.number);
  }
}
