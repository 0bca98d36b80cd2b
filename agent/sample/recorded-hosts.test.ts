import { expect, test } from "vitest";
import { METRIC_NAMES } from "../../protocol/metric-names.ts";
import { toNodeExporter } from "../../protocol/node-exporter-name.ts";
import {
  RECORDED_HOSTS,
  recordedRounds,
  sampleRecorded,
  type SampledSeries,
} from "../../test/support/recorded-hosts.ts";
import { parseTracking } from "./chrony.ts";

const REAL = RECORDED_HOSTS.filter((name) => name !== "hardware");

const valuesOf = (all: readonly SampledSeries[], name: string, labels: Record<string, string> = {}): number[] =>
  all
    .filter(
      ({ series }) =>
        series.name === name && Object.entries(labels).every(([key, value]) => series.labels[key] === value),
    )
    .map(({ series }) => series.value);
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

test("there are recordings of several kernels", () => {
  expect(RECORDED_HOSTS).toEqual([
    "debian-11-linux-5.10",
    "debian-12-linux-6.1",
    "hardware",
    "virtual-machine-linux-6.18",
  ]);
});

test.for(REAL)("%s: what is sampled is what the files say", async (name) => {
  const all = await sampleRecorded(name);
  const last = recordedRounds(name).at(-1)!;
  const field = (path: string, pattern: RegExp): number => Number(pattern.exec(last[path] ?? "")?.[1]);
  for (const { series } of all)
    expect({ name: series.name, finite: Number.isFinite(series.value) }).toEqual({ name: series.name, finite: true });
  expect(valuesOf(all, "system.memory.limit")).toEqual([field("/proc/meminfo", /^MemTotal:\s+(\d+)/m) * 1024]);
  expect(valuesOf(all, "system.memory.usage", { state: "free" })).toEqual([
    field("/proc/meminfo", /^MemFree:\s+(\d+)/m) * 1024,
  ]);
  expect(valuesOf(all, "system.cpu.load_average.1m")).toEqual([field("/proc/loadavg", /^(\S+)/)]);
  expect(valuesOf(all, "system.linux.context_switches")).toEqual([field("/proc/stat", /^ctxt (\d+)/m)]);
  expect(valuesOf(all, "system.cpu.time", { cpu: "cpu0", state: "user" })).toEqual([
    field("/proc/stat", /^cpu0 (\d+)/m) / 100,
  ]);
  expect(valuesOf(all, "system.paging.faults", { type: "major" })).toEqual([
    field("/proc/vmstat", /^pgmajfault (\d+)/m),
  ]);
  expect(valuesOf(all, "system.paging.faults", { type: "minor" })).toEqual([
    field("/proc/vmstat", /^pgfault (\d+)/m) - field("/proc/vmstat", /^pgmajfault (\d+)/m),
  ]);
  expect(valuesOf(all, "system.linux.pressure.time", { resource: "memory", kind: "full" })).toEqual([
    field("/proc/pressure/memory", /^full .*total=(\d+)/m) / 1_000_000,
  ]);
  expect(valuesOf(all, "system.network.io", { device: "lo", direction: "receive" })).toEqual([
    field("/proc/net/dev", /^\s*lo:\s*(\d+)/m),
  ]);
  expect(sum(valuesOf(all, "system.network.connections"))).toBe(
    ["/proc/self/net/tcp", "/proc/self/net/tcp6"].reduce(
      (lines, path) => lines + (last[path]?.match(/^\s*\d+: /gm)?.length ?? 0),
      0,
    ),
  );
  expect(sum(valuesOf(all, "system.cpu.utilization"))).toBeCloseTo(1, 6);
  const devices = new Set((last["/proc/diskstats"] ?? "").split("\n").map((line) => line.trim().split(/\s+/)[2]));
  for (const { series } of all.filter((each) => each.series.name === "system.disk.io"))
    expect(devices).toContain(series.labels["device"]);
});

test.for(["debian-11-linux-5.10", "debian-12-linux-6.1"])(
  "%s: a container's control group, a bond, swap",
  async (name) => {
    const all = await sampleRecorded(name);
    expect(
      valuesOf(all, "container.cpu.time", { "container.id": "0123456789ab", "container.runtime": "docker" })[0],
    ).toBeGreaterThan(0.1);
    expect(valuesOf(all, "container.memory.limit")).toEqual([268_435_456]);
    expect(valuesOf(all, "container.process.count")[0]).toBeGreaterThan(0);
    expect(valuesOf(all, "system.linux.network.bonding.members", { master: "bond0" })).toHaveLength(1);
    expect(valuesOf(all, "system.paging.usage", { state: "free" })[0]).toBeGreaterThan(0);
    expect(valuesOf(all, "system.cpu.physical.count")).toEqual([2]);
  },
);

test("hardware that virtual machines have not", async () => {
  const all = await sampleRecorded("hardware");
  expect(valuesOf(all, "hw.temperature")).toEqual([55]);
  expect(valuesOf(all, "hw.temperature.limit")).toEqual([100]);
  expect(valuesOf(all, "hw.fan.speed")).toEqual([1098]);
  expect(valuesOf(all, "hw.voltage")).toEqual([0.792]);
  expect(valuesOf(all, "hw.power")).toEqual([5]);
  expect(valuesOf(all, "system.linux.thermal_zone.temperature")).toEqual([49]);
  expect(valuesOf(all, "system.cpu.frequency")).toEqual([1_699_981_000]);
  expect(valuesOf(all, "system.linux.edac.uncorrected", { controller: "0" })).toEqual([5]);
  expect(valuesOf(all, "system.cpu.physical.count")).toEqual([1]);
  expect(valuesOf(all, "system.linux.raid.state", { device: "md1" })).toEqual([0, 0, 1, 0, 0]);
  expect(valuesOf(all, "system.linux.raid.disks", { device: "md1" })).toEqual([2, 1, 0]);
  expect(valuesOf(all, "system.linux.raid.blocks.synced")).toEqual([1_046_528, 492_269_056]);
  expect(valuesOf(all, "system.linux.conntrack.stat", { stat: "drop" })).toEqual([3]);
  expect(valuesOf(all, "system.linux.conntrack.stat", { stat: "ignore" })).toEqual([0x5a8c + 0x57ee]);
  expect(valuesOf(all, "system.linux.nfs.requests", { proto: "3", method: "GetAttr" })).toEqual([4_084_749]);
  expect(valuesOf(all, "system.linux.nfs.requests", { proto: "4", method: "Read" })).toEqual([1605]);
  expect(valuesOf(all, "system.linux.nfs.requests", { method: "Symlink" })).toEqual([]);
  expect(valuesOf(all, "system.linux.nfsd.rpc.errors")).toEqual([1, 2, 0]);
  expect(valuesOf(all, "system.linux.nfsd.io", { direction: "read" })).toEqual([157_286_400]);
});

test("every row of the table of names is sampled somewhere", async () => {
  const all = (await Promise.all(RECORDED_HOSTS.map(sampleRecorded))).flat();
  const shown = new Set(all.flatMap(({ series }) => toNodeExporter(series.name, series.labels)?.name ?? []));
  expect(METRIC_NAMES.map((row) => row.node).filter((name) => !shown.has(name))).toEqual([]);
});

test("chronyd's answer", () => {
  const bytes = Buffer.alloc(104);
  bytes.set([6, 2]);
  bytes.writeUInt16BE(33, 4);
  bytes.writeUInt16BE(5, 6);
  bytes.writeUInt16BE(0, 54);
  // 0.5 = 2^24 × 2^(0 − 25): too large a coefficient for 25 signed bits, so 2^23 × 2^(1 − 25).
  bytes.writeUInt32BE(((1 << 25) | (1 << 23)) >>> 0, 68);
  bytes.writeUInt32BE((1 << 23) >>> 0, 76);
  bytes.writeUInt32BE(((1 << 25) | (1 << 23)) >>> 0, 92);
  expect(parseTracking(bytes)).toEqual({
    synchronized: true,
    offsetSeconds: 0.5,
    errorSeconds: 0.75,
    estimatedErrorSeconds: 0.25,
  });
  bytes.writeUInt16BE(3, 54);
  bytes.writeUInt32BE(((1 << 25) | (0x200_0000 - (1 << 23))) >>> 0, 68);
  expect(parseTracking(bytes)).toMatchObject({ synchronized: false, offsetSeconds: -0.5 });
  expect(parseTracking(bytes.subarray(0, 60))).toBeNull();
});
