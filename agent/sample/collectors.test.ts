import { expect, test } from "vitest";
import { RecordedHostFiles } from "../../test/support/recorded-host-files.ts";
import type { Collector, CollectorContext } from "./collector.ts";
import { createCpuCollector } from "./cpu.ts";
import { createDiskCollector } from "./disk.ts";
import { createKernelCollector } from "./kernel.ts";
import { createLoadCollector } from "./load.ts";
import { createMemoryCollector } from "./memory.ts";
import { createNetworkCollector } from "./network.ts";
import { createNfsCollector } from "./nfs.ts";
import { createPressureCollector } from "./pressure.ts";
import { ProcessFocus } from "./process-focus.ts";
import { createProcessesCollector } from "./processes.ts";
import { SeriesTable } from "./series-table.ts";
import { createSocketsCollector } from "./sockets.ts";
import { createSwapCollector } from "./swap.ts";
import { createVmstatCollector } from "./vmstat.ts";

const START = 1_700_000_000_000;

/** One host through several rounds of ten seconds: each round's files replace those of the same path. */
function rounds(
  create: (context: CollectorContext) => Collector,
  ...files: Record<string, string>[]
): Record<string, number> {
  const host = new RecordedHostFiles(files[0]!);
  const table = new SeriesTable();
  const collector = create({ files: host, table });
  let at = START;
  for (const round of files) {
    for (const [path, text] of Object.entries(round)) {
      if (text === "") host.contents.delete(path);
      else host.contents.set(path, text);
    }
    at += 10_000;
    table.removeEnded();
    collector.sample(at);
  }
  return fresh(table, at);
}

function fresh(table: SeriesTable, at: number): Record<string, number> {
  const points = table.metrics().flatMap((metric) => metric.points);
  return Object.fromEntries(
    points
      .filter((series) => series.at === at)
      .map((series) => [`${series.name} ${Object.values(series.labels).join(" ")}`.trim(), series.value]),
  );
}

const stat = (whole: string, ...cpus: string[]): Record<string, string> => ({
  "/proc/stat": [
    `cpu  ${whole}`,
    ...cpus.map((cpu, index) => `cpu${index} ${cpu}`),
    "intr 42 7 0 9",
    "ctxt 99",
    "btime 1699990000",
    "processes 1234",
    "procs_running 2",
    "procs_blocked 1",
    "softirq 5 1",
    "",
  ].join("\n"),
});

test.for<[string, Record<string, string>[], Record<string, number>]>([
  [
    "times in seconds by OpenTelemetry's states",
    [stat("0 0 0 0 0 0 0 0", "100 200 300 400 500 600 700 800 50 0")],
    {
      "system.cpu.time cpu0 user": 1,
      "system.cpu.time cpu0 nice": 2,
      "system.cpu.time cpu0 system": 3,
      "system.cpu.time cpu0 idle": 4,
      "system.cpu.time cpu0 wait": 5,
      "system.cpu.time cpu0 interrupt": 6,
      "system.cpu.time cpu0 softirq": 7,
      "system.cpu.time cpu0 steal": 8,
      "system.linux.interrupts": 42,
      "system.linux.context_switches": 99,
      "system.linux.boot_time": 1_699_990_000,
      "system.processes.created": 1234,
      "system.linux.processes.running": 2,
      "system.linux.processes.blocked": 1,
      "system.cpu.logical.count": 1,
    },
  ],
  [
    "utilisation is what was used between two samples",
    [stat("100 0 100 800 0 0 0 0"), stat("150 0 100 950 0 0 0 0")],
    { "system.cpu.utilization user": 0.25, "system.cpu.utilization idle": 0.75, "system.cpu.utilization system": 0 },
  ],
  [
    "idle that steps back a little is held",
    [stat("0 0 0 0", "0 0 0 1000 0 0 0 0"), stat("0 0 0 0", "0 0 0 990 0 0 0 0")],
    { "system.cpu.time cpu0 idle": 10 },
  ],
  [
    "a CPU that was taken out and put back begins anew",
    [stat("0 0 0 0", "0 0 0 100000 0 0 0 0"), stat("0 0 0 0", "0 0 0 50 0 0 0 0")],
    { "system.cpu.time cpu0 idle": 0.5 },
  ],
  [
    "a kernel that counted backwards gives no negative utilisation",
    [stat("100 0 100 800 0 0 0 0"), stat("200 0 100 700 0 0 0 0")],
    { "system.cpu.utilization user": 1, "system.cpu.utilization idle": 0 },
  ],
])("cpu: %s", ([, files, expected]) => {
  expect(rounds(createCpuCollector, ...files)).toMatchObject(expected);
});

test("cpu: one that was taken out is said to have ended, once, and has no series then", () => {
  const two = stat("0 0 0 0", "1 1 1 1 1 1 1 1", "1 1 1 1 1 1 1 1");
  const one = stat("0 0 0 0", "1 1 1 1 1 1 1 1");
  expect(rounds(createCpuCollector, two, one)["system.cpu.time cpu1 idle"]).toBeNaN();
  const left = rounds(createCpuCollector, two, one, one);
  expect(Object.keys(left).filter((name) => name.includes("cpu1"))).toEqual([]);
});

const MEMINFO = `MemTotal:       1000 kB
MemFree:         100 kB
MemAvailable:    600 kB
Buffers:          50 kB
Cached:          400 kB
SwapTotal:       200 kB
SwapFree:        150 kB
Active(anon):     30 kB
HugePages_Total:   4
Slab:             20 kB
SomethingNew:     10 kB
`;

test.for<[string, string, Record<string, number>]>([
  [
    "used is what is not available",
    MEMINFO,
    {
      "system.memory.limit": 1000 * 1024,
      "system.memory.usage used": 400 * 1024,
      "system.memory.utilization used": 0.4,
      "system.linux.memory.meminfo Active(anon)": 30 * 1024,
      "system.linux.memory.meminfo HugePages_Total": 4,
      "system.linux.memory.meminfo SwapFree": 150 * 1024,
    },
  ],
  [
    "an old kernel without MemAvailable",
    MEMINFO.replace(/MemAvailable.*\n/, ""),
    { "system.memory.usage used": 450 * 1024, "system.memory.utilization used": 0.45 },
  ],
])("memory: %s", ([, text, expected]) => {
  expect(rounds(createMemoryCollector, { "/proc/meminfo": text })).toMatchObject(expected);
});

test("swap by device, and a device that is switched off", () => {
  const swaps = (...lines: string[]): Record<string, string> => ({
    "/proc/swaps": ["Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority", ...lines, ""].join("\n"),
  });
  const disk = "/dev/sda2                               partition\t1000\t\t250\t\t-2";
  const found = rounds(createSwapCollector, swaps(disk, "/dev/zram0 partition\t100\t\t0\t\t100"));
  expect(found).toEqual({
    "system.paging.usage /dev/sda2 used": 250 * 1024,
    "system.paging.usage /dev/sda2 free": 750 * 1024,
    "system.paging.utilization /dev/sda2 used": 0.25,
    "system.paging.utilization /dev/sda2 free": 0.75,
    "system.paging.usage /dev/zram0 used": 0,
    "system.paging.usage /dev/zram0 free": 100 * 1024,
    "system.paging.utilization /dev/zram0 used": 0,
    "system.paging.utilization /dev/zram0 free": 1,
  });
  expect(rounds(createSwapCollector, swaps())).toEqual({});
  expect(rounds(createSwapCollector, swaps(disk), swaps())["system.paging.usage /dev/sda2 used"]).toBeNaN();
});

test("CPU utilisation by CPU, where that is asked for", () => {
  const found = rounds(
    (context) => createCpuCollector(context, true),
    stat("0 0 0 0 0 0 0 0", "0 0 0 0 0 0 0 0", "0 0 0 0 0 0 0 0"),
    stat("60 0 0 140 0 0 0 0", "50 0 0 50 0 0 0 0", "10 0 0 90 0 0 0 0"),
  );
  expect(found).toMatchObject({
    "system.cpu.utilization cpu0 user": 0.5,
    "system.cpu.utilization cpu0 idle": 0.5,
    "system.cpu.utilization cpu1 user": 0.1,
  });
  expect(found).not.toHaveProperty("system.cpu.utilization user");
});

const VDA = "254       0 vda 10 1 200 30 20 2 400 40 0 5000 70 1 0 8 0 0 0";
test.for<[string, string[], Record<string, number>]>([
  [
    "sectors are bytes and milliseconds are seconds",
    [`${VDA}\n 254 1 vda1 1 1 1 1 1 1 1 1 0 1 1\n 7 0 loop0 1 1 1 1 1 1 1 1 0 1 1\n`],
    {
      "system.disk.operations vda read": 10,
      "system.disk.merged vda read": 1,
      "system.disk.io vda read": 200 * 512,
      "system.disk.operation_time vda read": 0.03,
      "system.disk.io vda write": 400 * 512,
      "system.disk.pending_operations vda": 0,
      "system.disk.io_time vda": 5,
      "system.disk.weighted_io_time vda": 0.07,
    },
  ],
  [
    "half of ten seconds busy",
    [`${VDA}\n`, `${VDA.replace("5000", "10000")}\n`],
    { "system.linux.disk.utilization vda": 0.5 },
  ],
  [
    "an old kernel with eleven columns",
    ["8 0 sda 1 2 3 4 5 6 7 8 9 10 11\n"],
    { "system.disk.weighted_io_time sda": 0.011, "system.disk.pending_operations sda": 9 },
  ],
])("disk: %s", ([, texts, expected]) => {
  const found = rounds(createDiskCollector, ...texts.map((text) => ({ "/proc/diskstats": text })));
  expect(found).toMatchObject(expected);
  expect(Object.keys(found).filter((name) => /vda1|loop/.test(name))).toEqual([]);
});

test("disk: a device that was pulled and plugged in again has begun anew and shows no utilisation from before", () => {
  const found = rounds(
    createDiskCollector,
    { "/proc/diskstats": `${VDA}\n` },
    { "/proc/diskstats": `${VDA.replace("5000", "100")}\n` },
  );
  expect(found).toMatchObject({ "system.disk.io_time vda": 0.1 });
  expect(found).not.toHaveProperty("system.linux.disk.utilization vda");
});

const DEV_HEAD =
  "Inter-|   Receive                                                |  Transmit\n face |bytes    packets errs\n";
test.for<[string, Record<string, string>[], Record<string, number>]>([
  [
    "a number that touches the colon",
    [{ "/proc/net/dev": `${DEV_HEAD}  eth0:1234567890 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n` }],
    {
      "system.network.io eth0 receive": 1_234_567_890,
      "system.network.packets eth0 receive": 2,
      "system.network.errors eth0 receive": 3,
      "system.network.dropped eth0 receive": 4,
      "system.network.io eth0 transmit": 9,
      "system.network.dropped eth0 transmit": 12,
    },
  ],
  [
    "link, MTU and speed; a speed of -1 is none",
    [
      {
        "/proc/net/dev": `${DEV_HEAD} eth0: 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n lo: 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n`,
        "/sys/class/net/eth0/operstate": "up\n",
        "/sys/class/net/eth0/mtu": "1500\n",
        "/sys/class/net/eth0/carrier": "1\n",
        "/sys/class/net/eth0/speed": "1000\n",
        "/sys/class/net/lo/speed": "-1\n",
      },
      {},
    ],
    {
      "system.linux.network.up eth0": 1,
      "system.linux.network.mtu eth0": 1500,
      "system.linux.network.carrier eth0": 1,
      "system.linux.network.speed eth0": 125_000_000,
    },
  ],
  [
    "a bond with one dead link",
    [
      {
        "/proc/net/dev": DEV_HEAD,
        "/sys/class/net/bonding_masters": "bond0\n",
        "/sys/class/net/bond0/bonding/slaves": "eth0 eth1\n",
        "/sys/class/net/eth0/bonding_slave/mii_status": "up\n",
        "/sys/class/net/eth1/bonding_slave/mii_status": "down\n",
      },
    ],
    { "system.linux.network.bonding.members bond0": 2, "system.linux.network.bonding.active bond0": 1 },
  ],
])("network: %s", ([, files, expected]) => {
  const found = rounds(createNetworkCollector, ...files);
  expect(found).toMatchObject(expected);
  expect(found).not.toHaveProperty("system.linux.network.speed lo");
});

test("network: containers' links are left out", () => {
  const line = (name: string): string => ` ${name}: 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n`;
  const found = rounds(createNetworkCollector, { "/proc/net/dev": DEV_HEAD + line("veth12ab") + line("eth0") });
  expect(Object.keys(found).filter((name) => name.includes("veth"))).toEqual([]);
});

test.for<[string, (context: CollectorContext) => Collector, Record<string, string>, Record<string, number>]>([
  [
    "load averages and threads",
    createLoadCollector,
    { "/proc/loadavg": "0.52 0.58 12.59 3/600 12345\n" },
    {
      "system.cpu.load_average.1m": 0.52,
      "system.cpu.load_average.5m": 0.58,
      "system.cpu.load_average.15m": 12.59,
      "system.linux.threads.count": 600,
    },
  ],
  [
    "the seven lines of vmstat that we want",
    createVmstatCollector,
    {
      "/proc/vmstat":
        "nr_free_pages 1\npgpgin 2\npgfault 3\npgmajfault 4\npgmajfault_x 9\npswpin 5\npswpout 6\noom_kill 7\n",
    },
    {
      "system.linux.vmstat pgpgin": 2,
      "system.linux.vmstat pgfault": 3,
      "system.paging.faults major": 4,
      "system.paging.operations page_in major": 5,
      "system.paging.operations page_out major": 6,
      "system.linux.oom_kills": 7,
    },
  ],
  [
    "pressure in seconds; a host is never stalled for CPU as a whole",
    createPressureCollector,
    {
      "/proc/pressure/cpu":
        "some avg10=0.00 avg60=0.00 avg300=0.00 total=1500000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
      "/proc/pressure/io":
        "some avg10=1.00 avg60=0.00 avg300=0.00 total=2000000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=500000\n",
    },
    {
      "system.linux.pressure.time cpu some": 1.5,
      "system.linux.pressure.time io some": 2,
      "system.linux.pressure.time io full": 0.5,
    },
  ],
  [
    "sockets, and counters in pairs of lines",
    createSocketsCollector,
    {
      "/proc/net/sockstat":
        "sockets: used 17\nTCP: inuse 2 orphan 1 tw 3 alloc 4 mem 5\nUDP: inuse 0 mem 6\nFRAG: inuse 0 memory 0\n",
      "/proc/net/snmp":
        "Ip: Forwarding DefaultTTL\nIp: 1 64\nTcp: RtoAlgorithm ActiveOpens CurrEstab RetransSegs\nTcp: 1 98 -1 7\n",
      "/proc/net/netstat": "TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 0 11 12\n",
    },
    {
      "system.linux.sockstat sockets_used": 17,
      "system.linux.sockstat TCP_tw": 3,
      "system.linux.sockstat UDP_mem": 6,
      "system.linux.netstat Tcp_ActiveOpens": 98,
      "system.linux.tcp.established": -1,
      "system.linux.netstat Tcp_RetransSegs": 7,
      "system.linux.netstat TcpExt_ListenDrops": 12,
    },
  ],
  [
    "file descriptors in use are those allocated without the free ones",
    createKernelCollector,
    {
      "/proc/sys/fs/file-nr": "700\t55\t9223372\n",
      "/proc/uptime": "123.45 200.00\n",
      "/proc/sys/kernel/pid_max": "32768\n",
    },
    {
      "system.linux.file_descriptor.count": 645,
      "system.linux.file_descriptor.limit": 9_223_372,
      "system.uptime": 123.45,
      "system.linux.time": (START + 10_000) / 1000,
      "system.linux.processes.limit": 32_768,
    },
  ],
  [
    "a process whose name holds brackets and blanks, and one that ended meanwhile",
    (context) => createProcessesCollector(context, new ProcessFocus(5)),
    {
      "/proc/1/stat": "1 (systemd) S 0 1\n",
      "/proc/7/stat": "7 (a) R (b c) D 1 7\n",
      "/proc/8/status": "gone before stat was read",
      "/proc/9/stat": "9 (kworker) I 2 0\n",
      "/proc/meminfo": "",
    },
    {
      "system.processes.count sleeping": 1,
      "system.processes.count blocked": 1,
      "system.processes.count idle": 1,
      "system.processes.count running": 0,
    },
  ],
  [
    "NFS client calls",
    createNfsCollector,
    { "/proc/net/rpc/nfs": "net 0 0 0 0\nrpc 1218785755 374636 1218815394\nproc3 22 1 2\n" },
    { "system.linux.nfs.rpc.calls": 1_218_785_755, "system.linux.nfs.rpc.retransmissions": 374_636 },
  ],
])("%s", ([, create, files, expected]) => {
  expect(rounds(create, files)).toMatchObject(expected);
});

test.for<[string, (context: CollectorContext) => Collector]>([
  ["cpu", createCpuCollector],
  ["disk", createDiskCollector],
  ["kernel", createKernelCollector],
  ["load", createLoadCollector],
  ["memory", createMemoryCollector],
  ["network", createNetworkCollector],
  ["nfs", createNfsCollector],
  ["pressure", createPressureCollector],
  ["processes", (context) => createProcessesCollector(context, new ProcessFocus(5))],
  ["sockets", createSocketsCollector],
  ["swap", createSwapCollector],
  ["vmstat", createVmstatCollector],
])("%s: a host without its files, or with files of nonsense, makes no false number", ([, create]) => {
  const paths = ["/proc/stat", "/proc/diskstats", "/proc/loadavg", "/proc/meminfo", "/proc/net/dev", "/proc/vmstat"];
  const nonsense = paths.map((path): [string, string] => [path, "\u0000 cpu cpu0 : x y\n-\n\n::: eth0"]);
  for (const files of [{}, Object.fromEntries(nonsense)]) {
    const values = Object.values(rounds(create, files as Record<string, string>));
    expect(values.filter((value) => Number.isNaN(value))).toEqual([]);
  }
});
