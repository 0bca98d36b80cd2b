import { hostname, release, version, machine, type as sysname } from "node:os";
import { version as ownVersion } from "../version.ts";
import type { Collector, CollectorContext } from "./collector.ts";
import { type Series, setSeries } from "./series-table.ts";

/** What changes only by an administrator's hand is read every this many samples. */
const SLOW_EVERY = 30;

/** File descriptors, entropy, connection tracking, process limits, uptime, time and the kernel's name. */
export function createKernelCollector({ files, table }: CollectorContext): Collector {
  const uptime = table.gauge("system.uptime", "s");
  const time = table.gauge("system.linux.time", "s");
  const filesOpen = table.gauge("system.linux.file_descriptor.count", "{file_descriptor}");
  const filesMax = table.gauge("system.linux.file_descriptor.limit", "{file_descriptor}");
  const uname = table.gauge("system.linux.uname", "1", {
    sysname: sysname(),
    release: release(),
    version: version(),
    machine: machine(),
    nodename: hostname(),
    domainname: files.line("/proc/sys/kernel/domainname") ?? "(none)",
  });
  // node_exporter's dashboards list hosts by it, whoever exports.
  const exporter = table.gauge("system.linux.exporter", "1", {
    version: `tocsin ${ownVersion}`,
    "os.type": process.platform,
    "host.arch": process.arch === "x64" ? "amd64" : process.arch,
  });
  const fast = existing([
    ["/proc/sys/kernel/random/entropy_avail", () => table.gauge("system.linux.entropy.available", "bit")],
    ["/proc/sys/net/netfilter/nf_conntrack_count", () => table.gauge("system.network.conntrack.count", "{entry}")],
  ]);
  const slow = existing([
    ["/proc/sys/kernel/random/poolsize", () => table.gauge("system.linux.entropy.limit", "bit")],
    ["/proc/sys/net/netfilter/nf_conntrack_max", () => table.gauge("system.network.conntrack.max", "{entry}")],
    ["/proc/sys/kernel/pid_max", () => table.gauge("system.linux.processes.limit", "{process}")],
    ["/proc/sys/kernel/threads-max", () => table.gauge("system.linux.threads.limit", "{thread}")],
  ]);
  let samples = 0;
  let slowAt = 0;

  /** Not every kernel has each: what is missing makes no series. */
  function existing(entries: readonly (readonly [string, () => Series])[]): { path: string; series: Series }[] {
    return entries.flatMap(([path, create]) => (files.read(path) === null ? [] : [{ path, series: create() }]));
  }

  return {
    name: "kernel",
    everyMs: 0,
    sample(at) {
      setSeries(uptime, files.read("/proc/uptime", "short")?.number() ?? Number.NaN, at);
      setSeries(time, at / 1000, at);
      setSeries(uname, 1, at);
      setSeries(exporter, 1, at);
      const reader = files.read("/proc/sys/fs/file-nr", "short");
      if (reader !== null) {
        const allocated = reader.number();
        setSeries(filesOpen, allocated - reader.number(), at);
        setSeries(filesMax, reader.number(), at);
      }
      for (const { path, series } of fast) setSeries(series, files.read(path, "short")?.number() ?? Number.NaN, at);
      if (samples++ % SLOW_EVERY === 0) {
        for (const { path, series } of slow) setSeries(series, files.read(path)?.number() ?? Number.NaN, at);
        slowAt = at;
      } else if (slowAt > 0) for (const { series } of slow) setSeries(series, series.value, at);
    },
  };
}
