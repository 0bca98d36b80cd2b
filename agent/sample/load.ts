import type { Collector, CollectorContext } from "./collector.ts";
import { setSeries } from "./series-table.ts";

/** Load averages and the number of threads. */
export function createLoadCollector({ files, table }: CollectorContext): Collector {
  const averages = ["1m", "5m", "15m"].map((span) => table.gauge(`system.cpu.load_average.${span}`, "{thread}"));
  const threads = table.gauge("system.linux.threads.count", "{thread}");
  return {
    name: "load",
    everyMs: 0,
    sample(at) {
      const reader = files.read("/proc/loadavg", "short");
      if (reader === null) return;
      for (const series of averages) setSeries(series, reader.number(), at);
      reader.number();
      if (reader.accept("/")) setSeries(threads, reader.number(), at);
    },
  };
}
