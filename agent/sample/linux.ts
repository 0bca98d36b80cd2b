import type { Clock } from "../clock.ts";
import type { Sockets } from "../discover/socket-table.ts";
import type { Log } from "../log.ts";
import type { Collector, CollectorContext } from "./collector.ts";
import { createConnectionsCollector } from "./connections.ts";
import { createConntrackStatCollector } from "./conntrack-stat.ts";
import { createContainersCollector } from "./containers.ts";
import { createCpuCollector } from "./cpu.ts";
import { createCpuHardwareCollector } from "./cpu-hardware.ts";
import { createDiskCollector } from "./disk.ts";
import { createFilesystemCollector, type StatFs } from "./filesystem.ts";
import { createTemperatureCollector, readLater } from "./hardware.ts";
import { createKernelCollector } from "./kernel.ts";
import { createLoadCollector } from "./load.ts";
import { createMemoryCollector } from "./memory.ts";
import { createMemoryErrorsCollector } from "./memory-errors.ts";
import { createNetworkCollector } from "./network.ts";
import { createNfsCollector } from "./nfs.ts";
import { createPressureCollector } from "./pressure.ts";
import type { ProcessFocus } from "./process-focus.ts";
import { createProcessUsageCollector } from "./process-usage.ts";
import { createProcessesCollector } from "./processes.ts";
import { createRaidCollector } from "./raid.ts";
import { createSocketsCollector } from "./sockets.ts";
import { createSwapCollector } from "./swap.ts";
import { createTextfilesCollector } from "./textfiles.ts";
import { createTimeSyncCollector } from "./time-sync.ts";
import { createUnitsCollector } from "./units.ts";
import { createVmstatCollector } from "./vmstat.ts";

export interface LinuxSampling {
  clock: Clock;
  log: Log;
  statFs: StatFs;
  sockets: Sockets;
  /** Utilisation by CPU instead of the host's. */
  eachCpu: boolean;
  /** Which processes are looked at one by one. */
  focus: ProcessFocus;
  /** Names of collectors that the administrator does not want. */
  disabled: readonly string[];
  /** Mount points that are not asked. */
  excludedMounts: readonly string[];
  /** Files of metrics, or folders of them. */
  textfiles: readonly string[];
  /** Globs over systemd's units; null = services that do something. */
  units: readonly string[] | null;
}

/** Every collector of a Linux host, in the order in which they run. */
export function createLinuxCollectors(context: CollectorContext, options: LinuxSampling): Collector[] {
  const { clock, log, statFs } = options;
  const factories: Readonly<Record<string, () => Collector>> = {
    cpu: () => createCpuCollector(context, options.eachCpu),
    load: () => createLoadCollector(context),
    memory: () => createMemoryCollector(context),
    swap: () => createSwapCollector(context),
    vmstat: () => createVmstatCollector(context),
    pressure: () => createPressureCollector(context),
    disk: () => createDiskCollector(context),
    filesystem: () =>
      createFilesystemCollector(context, {
        statFs,
        clock,
        log,
        timeoutMs: 5000,
        include: (mount) => !options.excludedMounts.includes(mount.mountpoint),
      }),
    network: () => createNetworkCollector(context),
    sockets: () => createSocketsCollector(context),
    kernel: () => createKernelCollector(context),
    processes: () => createProcessesCollector(context, options.focus),
    temperature: () => createTemperatureCollector(context, { read: readLater, clock }),
    raid: () => createRaidCollector(context),
    nfs: () => createNfsCollector(context),
    timeSync: () => createTimeSyncCollector(context, { clock }),
    connections: () => createConnectionsCollector(context, options.sockets),
    conntrackStat: () => createConntrackStatCollector(context),
    containers: () => createContainersCollector(context),
    cpuHardware: () => createCpuHardwareCollector(context),
    memoryErrors: () => createMemoryErrorsCollector(context),
    processUsage: () => createProcessUsageCollector(context, options.focus),
    textfiles: () => createTextfilesCollector(context, { patterns: options.textfiles, log }),
    units: () => createUnitsCollector(context, { clock, log, include: options.units }),
  };
  return COLLECTOR_NAMES.filter((name) => !options.disabled.includes(name)).flatMap(
    (name) => factories[name]?.() ?? [],
  );
}

/** What `sample: { disable: […] }` may name. */
export const COLLECTOR_NAMES = [
  "cpu",
  "load",
  "memory",
  "swap",
  "vmstat",
  "pressure",
  "disk",
  "filesystem",
  "network",
  "sockets",
  "kernel",
  "processes",
  "temperature",
  "raid",
  "nfs",
  "timeSync",
  "connections",
  "conntrackStat",
  "containers",
  "cpuHardware",
  "memoryErrors",
  "processUsage",
  "textfiles",
  "units",
] as const;
