import type { Collector, CollectorContext } from "./collector.ts";
import { Instances, type Series, setSeries } from "./series-table.ts";

const ARRAYS_MAX = 64;
const DISK_STATES = ["active", "failed", "spare"] as const;
/** What an array does: node_exporter's words. */
const STATES = ["active", "inactive", "recovering", "resync", "check"] as const;

export interface RaidArray {
  device: string;
  /** Disks that the array wants. */
  required: number;
  active: number;
  failed: number;
  spare: number;
  state: (typeof STATES)[number];
  /** Of 1 KiB. */
  blocks: number;
  /** All of them where nothing is being copied. */
  synced: number;
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
            ...DISK_STATES.map((state) => table.gauge("system.linux.raid.disks", "{disk}", { device, state })),
            ...STATES.map((state) => table.gauge("system.linux.raid.state", "1", { device, state })),
            table.gauge("system.linux.raid.blocks", "{block}", { device }),
            table.gauge("system.linux.raid.blocks.synced", "{block}", { device }),
          ],
        }));
        if (known === null) continue;
        const values = [
          array.required,
          ...DISK_STATES.map((state) => array[state]),
          ...STATES.map((state) => (state === array.state ? 1 : 0)),
          array.blocks,
          array.synced,
        ];
        for (const [index, value] of values.entries()) setSeries(known.series[index]!, value, at);
      }
      arrays.endRound(at);
    },
  };
}

/**
 * `md0 : active raid1 sdb1[1] sda1[0](F) sdc1[2](S)` and, on the next line, `… blocks … [2/1] [U_]`:
 * [wanted/working]. An array without redundancy (raid0, linear) shows no such pair: it wants what it has. While disks are copied or
 * compared, a third line: `[=>…] recovery = 12.6% (126/1000) …`.
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
    const blocks = Number(/^\s*(\d+) blocks/m.exec(block)?.[1] ?? 0);
    const copied = /\((\d+)\/\d+\)/.exec(block);
    arrays.push({
      device: match[1] ?? "",
      required: working === null ? members.length - spare : Number(working[1]),
      active: match[2] === "inactive" ? 0 : working === null ? rest : Number(working[2]),
      failed,
      spare,
      state: match[2] === "inactive" ? "inactive" : stateOf(block),
      blocks,
      synced: copied === null ? blocks : Number(copied[1]),
    });
  }
  return arrays;
}

function stateOf(block: string): RaidArray["state"] {
  const doing = /\b(recovery|resync|check|reshape)\s*=/.exec(block)?.[1];
  if (doing === "recovery") return "recovering";
  return doing === "resync" || doing === "check" ? doing : "active";
}
