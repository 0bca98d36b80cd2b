import { MEMINFO_FIELDS } from "../../protocol/metric-names.ts";
import type { Collector, CollectorContext } from "./collector.ts";
import { type Series, setSeries } from "./series-table.ts";

const COLON = 58;
/** /proc/meminfo counts in kB, which are KiB. */
const KIB = 1024;

/**
 * Memory. `used` is what is not available (total − MemAvailable), as free(1) has it: page cache that the kernel can
 * give back is not use. Kernels without MemAvailable (before 3.14): free + buffers + cached.
 */
export function createMemoryCollector({ files, table }: CollectorContext): Collector {
  const state = (name: string): Series => table.gauge("system.memory.usage", "By", { state: name });
  const named = new Map<string, Series>([
    ["MemTotal", table.gauge("system.memory.limit", "By")],
    ["MemFree", state("free")],
    ["MemAvailable", table.gauge("system.memory.linux.available", "By")],
    ["Buffers", state("buffered")],
    ["Cached", state("cached")],
    ["Shmem", table.gauge("system.memory.linux.shared", "By")],
    ["SReclaimable", state("slab_reclaimable")],
    ["SUnreclaim", state("slab_unreclaimable")],
    ...MEMINFO_FIELDS.map((field): [string, Series] => [field, meminfoSeries(table, field)]),
  ]);
  const used = state("used");
  const shares = ["free", "buffered", "cached", "slab_reclaimable", "slab_unreclaimable", "used"].map((name) => ({
    usage: state(name),
    share: table.gauge("system.memory.utilization", "1", { state: name }),
  }));
  const value = (field: string, at: number): number => {
    const series = named.get(field);
    return series?.at === at ? series.value : Number.NaN;
  };

  const derive = (at: number): void => {
    const total = value("MemTotal", at);
    const available = value("MemAvailable", at);
    const fallback = value("MemFree", at) + value("Buffers", at) + value("Cached", at);
    const inUse = total - (Number.isNaN(available) ? fallback : available);
    setSeries(used, inUse, at);
    for (const { usage, share } of shares) if (total > 0 && usage.at === at) setSeries(share, usage.value / total, at);
  };

  return {
    name: "memory",
    everyMs: 0,
    sample(at) {
      const reader = files.read("/proc/meminfo", "short");
      if (reader === null) return;
      for (; !reader.atEnd; reader.skipLine()) {
        const series = named.get(reader.word(COLON));
        if (series === undefined) continue;
        reader.skipByte();
        setSeries(series, reader.number() * (series.unit === "By" ? KIB : 1), at);
      }
      derive(at);
    },
  };
}

function meminfoSeries(table: CollectorContext["table"], field: string): Series {
  return table.gauge("system.linux.memory.meminfo", field.startsWith("HugePages_") ? "{page}" : "By", { field });
}
