import { CONNTRACK_STATS } from "../../protocol/metric-names.ts";
import type { Collector, CollectorContext } from "./collector.ts";
import { type Series, setSeries } from "./series-table.ts";

const PATH = "/proc/net/stat/nf_conntrack";

/** What connection tracking did and failed to do, over all CPUs: a table that is full drops. */
export function createConntrackStatCollector({ files, table }: CollectorContext): Collector {
  const series = new Map<string, Series>(
    CONNTRACK_STATS.map((stat) => [stat, table.gauge("system.linux.conntrack.stat", "1", { stat })]),
  );
  return {
    name: "conntrackStat",
    everyMs: 20_000,
    sample(at) {
      const reader = files.read(PATH);
      if (reader === null) return;
      const columns = reader.rest().split(/\s+/);
      const sums = columns.map(() => 0);
      for (; !reader.atEnd; reader.skipLine())
        for (let column = 0; !reader.atLineEnd; column++) sums[column]! += Number.parseInt(reader.word(), 16);
      for (const [index, name] of columns.entries()) {
        const known = series.get(name);
        if (known !== undefined) setSeries(known, sums[index]!, at);
      }
    },
  };
}
