import type { AgentView } from "../port/agents.ts";

/** One entry of Prometheus's HTTP service discovery. */
export interface DiscoveredTargets {
  targets: string[];
  labels: Record<string, string>;
}

/**
 * One target for each CI that an agent speaks for: the collector itself, asked for that CI's series. One that fell silent stays
 * a target for a day, so that its `up` is 0 rather than absent. `instance` is set to
 * the CI, because all targets share one address and dashboards tell hosts apart by it.
 *
 * @param address host:port by which the scraper reached us
 * @see https://prometheus.io/docs/prometheus/latest/http_sd/
 */
export function discoveredTargets(agents: readonly AgentView[], address: string, scheme: string): DiscoveredTargets[] {
  const cis = new Set(agents.map((agent) => agent.ci));
  return [...cis].map((ci) => ({
    targets: [address],
    labels: {
      __metrics_path__: `/metrics/agents/${encodeURIComponent(ci)}`,
      __scheme__: scheme,
      ci,
      instance: ci,
    },
  }));
}
