import type { Collector, CollectorContext } from "./collector.ts";
import { Instances, type Series, setSeries } from "./series-table.ts";

/** Linux counts sectors of this size whatever the device has. */
const SECTOR_BYTES = 512;
const DEVICES_MAX = 128;
/** RAM disks, loop devices, partitions: node_exporter's own exclusion. */
export const DISK_EXCLUDE = /^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$/;

interface Disk {
  series: readonly Series[];
  utilization: Series;
  /** Unit of each column of /proc/diskstats in the order of `series`. */
  lastIoSeconds: number;
  lastAt: number;
}

/** In the order of the columns, with what one unit of the column is worth. */
const FACTORS = [1, 1, SECTOR_BYTES, 0.001, 1, 1, SECTOR_BYTES, 0.001, 1, 0.001, 0.001] as const;
const IO_TIME = 9;

/** Operations, bytes and time of whole block devices. */
export function createDiskCollector({ files, table }: CollectorContext): Collector {
  const create = (device: string): Disk => {
    const both = (name: string, unit: string, direction: string): Series =>
      table.counter(name, unit, { device, direction });
    const utilization = table.gauge("system.linux.disk.utilization", "1", { device });
    const of = (direction: string): Series[] => [
      both("system.disk.operations", "{operation}", direction),
      both("system.disk.merged", "{operation}", direction),
      both("system.disk.io", "By", direction),
      both("system.disk.operation_time", "s", direction),
    ];
    const columns = [
      ...of("read"),
      ...of("write"),
      table.gauge("system.disk.pending_operations", "{operation}", { device }),
      table.counter("system.disk.io_time", "s", { device }),
      table.counter("system.disk.weighted_io_time", "s", { device }),
    ];
    return { series: [...columns, utilization], utilization, lastIoSeconds: Number.NaN, lastAt: 0 };
  };
  const disks = new Instances<Disk>(table, DEVICES_MAX);

  const utilize = (disk: Disk, at: number): void => {
    const seconds = disk.series[IO_TIME]!.value;
    const spent = seconds - disk.lastIoSeconds;
    if (at > disk.lastAt && spent >= 0)
      setSeries(disk.utilization, Math.min(1, spent / ((at - disk.lastAt) / 1000)), at);
    disk.lastIoSeconds = seconds;
    disk.lastAt = at;
  };

  return {
    name: "disk",
    everyMs: 0,
    sample(at) {
      const reader = files.read("/proc/diskstats", "short");
      if (reader === null) return;
      for (; !reader.atEnd; reader.skipLine()) {
        reader.number();
        reader.number();
        const device = reader.word();
        if (device === "" || DISK_EXCLUDE.test(device)) continue;
        const disk = disks.get(device, () => create(device));
        if (disk === null) continue;
        for (const [index, factor] of FACTORS.entries()) setSeries(disk.series[index]!, reader.number() * factor, at);
        utilize(disk, at);
      }
      disks.endRound(at);
    },
  };
}
