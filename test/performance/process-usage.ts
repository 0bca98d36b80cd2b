import { readFileSync } from "node:fs";

/** What a process has taken so far, its threads included, and what of it is resident. */
export interface Usage {
  cpuS: number;
  rssMib: number;
}

/** Ticks of the kernel's clock in a second, as Linux counts processor time for programs. */
const TICKS_A_SECOND = 100;

export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return {
    cpuS: (Number(stat[11]) + Number(stat[12])) / TICKS_A_SECOND,
    rssMib: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024,
  };
}
