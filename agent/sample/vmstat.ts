import type { Collector, CollectorContext } from "./collector.ts";
import { type Series, setSeries } from "./series-table.ts";

/** Paging, faults and out-of-memory kills, from /proc/vmstat. */
export function createVmstatCollector({ files, table }: CollectorContext): Collector {
  const paging = (direction: string, type = "major"): Series =>
    table.counter("system.paging.operations", "{operation}", { direction, type });
  const minorFaults = table.counter("system.paging.faults", "{fault}", { type: "minor" });
  const minorOperations = [paging("page_in", "minor"), paging("page_out", "minor")] as const;
  const field = (name: string): Series => table.counter("system.linux.vmstat", "1", { field: name });
  const series = new Map<string, Series>([
    ["pgmajfault", table.counter("system.paging.faults", "{fault}", { type: "major" })],
    ["pgfault", field("pgfault")],
    ["pgpgin", field("pgpgin")],
    ["pgpgout", field("pgpgout")],
    ["pswpin", paging("page_in")],
    ["pswpout", paging("page_out")],
    ["oom_kill", table.counter("system.linux.oom_kills", "{kill}")],
  ]);
  const firstLetters = new Set([...series.keys()].map((name) => name.charCodeAt(0)));
  return {
    name: "vmstat",
    everyMs: 0,
    sample(at) {
      const reader = files.read("/proc/vmstat", "short");
      if (reader === null) return;
      // Some 180 lines, of which we want seven: the others are passed over without making a string of them.
      for (; !reader.atEnd; reader.skipLine()) {
        if (!firstLetters.has(reader.peek())) continue;
        const wanted = series.get(reader.word());
        if (wanted !== undefined) setSeries(wanted, reader.number(), at);
      }
      // All faults and all pages that moved, less those that count as major.
      const value = (name: string): number => series.get(name)?.value ?? Number.NaN;
      setSeries(minorFaults, value("pgfault") - value("pgmajfault"), at);
      setSeries(minorOperations[0], value("pgpgin"), at);
      setSeries(minorOperations[1], value("pgpgout"), at);
    },
  };
}
