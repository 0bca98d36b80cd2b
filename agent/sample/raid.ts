import type { Collector, CollectorContext } from "./collector.ts";
import { Instances, type Series, setSeries } from "./series-table.ts";

const ARRAYS_MAX = 64;
const STATES = ["active", "failed", "spare"] as const;

export interface RaidArray {
  device: string;
  /** Disks that the array wants. */
  required: number;
  active: number;
  failed: number;
  spare: number;
}

/** Linux software RAID, from /proc/mdstat. */
export function createRaidCollector({ files, table }: CollectorContext): Collector {
  const arrays = new Instances<{ series: readonly Series[] }>(table, ARRAYS_MAX);
  let present = true;
  return {
    name: "raid",
    everyMs: 20_000,
    sample(at) {
      if (!present) return;
      const text = files.read("/proc/mdstat")?.all();
      // The file comes with the kernel module.
      present = text !== undefined;
      for (const array of parseMdstat(text ?? "")) {
        const { device } = array;
        const known = arrays.get(device, () => ({
          series: [
            table.gauge("system.linux.raid.disks.required", "{disk}", { device }),
            ...STATES.map((state) => table.gauge("system.linux.raid.disks", "{disk}", { device, state })),
          ],
        }));
        if (known === null) continue;
        setSeries(known.series[0]!, array.required, at);
        for (const [index, state] of STATES.entries()) setSeries(known.series[index + 1]!, array[state], at);
      }
      arrays.endRound(at);
    },
  };
}

/**
 * `md0 : active raid1 sdb1[1] sda1[0](F) sdc1[2](S)` and, on the next line, `… blocks … [2/1] [U_]`:
 * [wanted/working]. An array without redundancy (raid0, linear) shows no such pair: it wants what it has.
 */
export function parseMdstat(text: string): RaidArray[] {
  const arrays: RaidArray[] = [];
  for (const block of text.split(/\n(?=md)/)) {
    const match = /^(md[^\s:]*) : (\w+)(?: \([^)]*\))?(.*)\n?(.*)/.exec(block);
    if (match === null) continue;
    const members = match[3]?.match(/\S+\[\d+\](\(\w\))*/g) ?? [];
    const failed = members.filter((member) => member.includes("(F)")).length;
    const spare = members.filter((member) => member.includes("(S)")).length;
    const working = /\[(\d+)\/(\d+)\]/.exec(match[4] ?? "");
    const rest = members.length - failed - spare;
    arrays.push({
      device: match[1] ?? "",
      required: working === null ? members.length - spare : Number(working[1]),
      active: match[2] === "inactive" ? 0 : working === null ? rest : Number(working[2]),
      failed,
      spare,
    });
  }
  return arrays;
}
