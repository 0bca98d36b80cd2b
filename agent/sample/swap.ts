import type { Collector, CollectorContext } from "./collector.ts";
import { Instances, type Series, setSeries } from "./series-table.ts";

interface Device {
  used: Series;
  free: Series;
  usedShare: Series;
  freeShare: Series;
  series: readonly Series[];
}

const DEVICES_MAX = 64;
const KIB = 1024;

/** Swap by device: partitions, files, compressed memory. The kernel tells by /proc/meminfo what of it is cached, and not of which device. */
export function createSwapCollector({ files, table }: CollectorContext): Collector {
  const devices = new Instances<Device>(table, DEVICES_MAX);
  const create = (device: string): Device => {
    const of = (name: string, unit: string, state: string): Series => table.gauge(name, unit, { device, state });
    const [used, free] = [of("system.paging.usage", "By", "used"), of("system.paging.usage", "By", "free")];
    const usedShare = of("system.paging.utilization", "1", "used");
    const freeShare = of("system.paging.utilization", "1", "free");
    return { used, free, usedShare, freeShare, series: [used, free, usedShare, freeShare] };
  };

  return {
    name: "swap",
    everyMs: 0,
    sample(at) {
      const reader = files.read("/proc/swaps", "short");
      if (reader === null) return;
      for (reader.skipLine(); !reader.atEnd; reader.skipLine()) {
        const name = reader.word();
        reader.skipWord();
        const [size, used] = [reader.number() * KIB, reader.number() * KIB];
        if (name === "" || !(size > 0) || Number.isNaN(used)) continue;
        const device = devices.get(name, () => create(name));
        if (device === null) continue;
        setSeries(device.used, used, at);
        setSeries(device.free, size - used, at);
        setSeries(device.usedShare, used / size, at);
        setSeries(device.freeShare, (size - used) / size, at);
      }
      devices.endRound(at);
    },
  };
}
