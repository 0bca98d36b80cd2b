import { basename } from "node:path";
import type { Collector, CollectorContext } from "./collector.ts";
import type { HostFiles } from "./host-files.ts";
import type { ProcessFocus } from "./process-focus.ts";
import { parseProcessStat, type ProcessStat, TICKS_PER_SECOND } from "./process-stat.ts";
import { Instances, type Series, type SeriesTable, setSeries } from "./series-table.ts";

/** Watched ones and the first by CPU and memory together. */
const PROCESSES_MAX = 400;
const PAGE_SIZES = [4096, 8192, 16_384, 65_536] as const;

interface Followed {
  user: Series;
  system: Series;
  wait: Series;
  resident: Series;
  virtual: Series;
  /** null where the kernel does not tell us: of other users' processes only root may know. */
  disk: { read: Series; write: Series } | null;
  series: readonly Series[];
}

/** CPU, memory and disk of single processes, by OpenTelemetry's names. One small read for each that is in focus. */
export function createProcessUsageCollector({ files, table }: CollectorContext, focus: ProcessFocus): Collector {
  const known = new Instances<Followed>(table, PROCESSES_MAX);
  let pageBytes = 0;

  return {
    name: "processUsage",
    everyMs: 20_000,
    sample(at) {
      for (const pid of focus.pids()) {
        const stat = parseProcessStat(files.line(`/proc/${pid}/stat`) ?? "");
        if (stat === null) continue;
        if (pageBytes === 0) pageBytes = pageSize(files);
        const process = known.get(`${pid} ${stat.startTicks}`, () => follow(table, files, pid, stat));
        if (process === null) continue;
        setSeries(process.user, stat.userTicks / TICKS_PER_SECOND, at);
        setSeries(process.system, stat.systemTicks / TICKS_PER_SECOND, at);
        setSeries(process.wait, stat.waitTicks / TICKS_PER_SECOND, at);
        setSeries(process.resident, stat.residentPages * pageBytes, at);
        setSeries(process.virtual, stat.virtualBytes, at);
        if (process.disk !== null) setDisk(files, pid, process.disk, at);
      }
      known.endRound(at);
    },
  };
}

function follow(table: SeriesTable, files: HostFiles, pid: string, { name, startTicks }: ProcessStat): Followed {
  const labels = { "process.pid": pid, "process.executable.name": executableName(files, pid, name) };
  const time = (state: string): Series => table.counter("process.cpu.time", "s", { ...labels, state });
  const [user, system, wait] = [time("user"), time("system"), time("wait")];
  const resident = table.gauge("process.memory.usage", "By", labels);
  const virtual = table.gauge("process.memory.virtual", "By", labels);
  const io = (direction: string): Series => table.counter("process.disk.io", "By", { ...labels, direction });
  const disk = files.line(`/proc/${pid}/io`) === null ? null : { read: io("read"), write: io("write") };
  const counters = [user, system, wait, ...(disk === null ? [] : [disk.read, disk.write])];
  // Counters of a process began with it.
  if (table.bootedAt > 0)
    for (const counter of counters) counter.startedAt = table.bootedAt + (startTicks / TICKS_PER_SECOND) * 1000;
  return { user, system, wait, resident, virtual, disk, series: [...counters, resident, virtual] };
}

/** The kernel cuts names at 15 characters, and Node calls its main thread `MainThread`. */
function executableName(files: HostFiles, pid: string, name: string): string {
  if (name !== "MainThread" && name.length < 15) return name;
  const [program = ""] = (files.read(`/proc/${pid}/cmdline`)?.all() ?? "").split("\u0000");
  const full = basename(program);
  return full !== "" && (name === "MainThread" || full.startsWith(name)) ? full : name;
}

function setDisk(files: HostFiles, pid: string, { read, write }: NonNullable<Followed["disk"]>, at: number): void {
  const reader = files.read(`/proc/${pid}/io`);
  if (reader === null) return;
  for (; !reader.atEnd; reader.skipLine()) {
    if (reader.accept("read_bytes: ")) setSeries(read, reader.number(), at);
    else if (reader.accept("write_bytes: ")) setSeries(write, reader.number(), at);
  }
}

/** The kernel counts in pages, and says nowhere how long one is; it tells our own memory both ways. */
function pageSize(files: HostFiles): number {
  const kib = Number(/^VmRSS:\s+(\d+)/m.exec(files.read("/proc/self/status")?.all() ?? "")?.[1]);
  const pages = Number((files.line("/proc/self/statm") ?? "").split(" ")[1]);
  const near = (kib * 1024) / pages;
  return PAGE_SIZES.find((size) => near < size * 1.4) ?? PAGE_SIZES[0];
}
