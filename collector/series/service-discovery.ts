/** One entry of Prometheus's HTTP service discovery. */
export interface DiscoveredTarget {
  targets: string[];
  labels: Record<string, string>;
}

const TARGETS_A_TURN = 500;

/**
 * One target for each CI that an agent speaks for: the collector itself, asked for that CI's series. One that fell silent stays
 * a target for a day, so that its `up` is 0 rather than absent. `instance` is set to
 * the CI, because all targets share one address and dashboards tell hosts apart by it.
 *
 * @param address host:port by which the scraper reached us
 * @returns a JSON list in pieces, with a turn of the event loop after each
 * @see https://prometheus.io/docs/prometheus/latest/http_sd/
 */
export async function* discovery(cis: readonly string[], address: string, scheme: string): AsyncGenerator<string> {
  for (let from = 0; from < cis.length; from += TARGETS_A_TURN) {
    const targets = cis.slice(from, from + TARGETS_A_TURN).map((ci) => JSON.stringify(targetOf(ci, address, scheme)));
    yield (from === 0 ? "[" : ",") + targets.join();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  yield cis.length === 0 ? "[]" : "]";
}

function targetOf(ci: string, address: string, scheme: string): DiscoveredTarget {
  // Half a surrogate pair, which JSON can carry and a URL cannot, would end the whole list.
  const path = `/metrics/agents/${encodeURIComponent(ci.toWellFormed())}`;
  const labels = { __metrics_path__: path, __scheme__: scheme, ci, instance: ci };
  return { targets: [address], labels };
}
