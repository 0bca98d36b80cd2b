import type { Collector, CollectorContext } from "./collector.ts";
import { type Series, setSeries } from "./series-table.ts";

const EQUALS = 61;

/** Pressure stall information: how long tasks waited for a resource. Kernels from 4.20, where it is turned on. */
export function createPressureCollector({ files, table }: CollectorContext): Collector {
  const resources = ["cpu", "io", "memory", "irq"]
    .map((resource) => ({ path: `/proc/pressure/${resource}`, resource, series: new Map<string, Series>() }))
    .filter(({ path }) => files.read(path) !== null);
  return {
    name: "pressure",
    everyMs: 0,
    sample(at) {
      for (const { path, resource, series } of resources) {
        const reader = files.read(path, "short");
        if (reader === null) continue;
        for (; !reader.atEnd; reader.skipLine()) {
          const kind = reader.word();
          // A whole host is never stalled for CPU: the kernel shows a line of zeros there for symmetry.
          if (kind === "" || (resource === "cpu" && kind === "full")) continue;
          for (let word = reader.word(EQUALS); word !== ""; word = reader.word(EQUALS)) {
            reader.skipByte();
            const value = reader.number();
            if (word !== "total") continue;
            let known = series.get(kind);
            if (known === undefined) {
              known = table.counter("system.linux.pressure.time", "s", { resource, kind });
              series.set(kind, known);
            }
            setSeries(known, value / 1_000_000, at);
          }
        }
      }
    },
  };
}
