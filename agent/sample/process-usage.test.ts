import { expect, test } from "vitest";
import { RecordedHostFiles } from "../../test/support/recorded-host-files.ts";
import { ProcessFocus } from "./process-focus.ts";
import { parseProcessStat } from "./process-stat.ts";
import { createProcessUsageCollector } from "./process-usage.ts";
import { createProcessesCollector } from "./processes.ts";
import { SeriesTable } from "./series-table.ts";

interface Process {
  name?: string;
  user?: number;
  start?: number;
  pages?: number;
}

const stat = (pid: number, { name = `p${pid}`, user = 0, start = 5, pages = 1 }: Process = {}): string =>
  `${pid} (${name}) S 1 1 1 0 -1 0 0 0 0 0 ${user} 10 0 0 20 0 1 0 ${start} 8192 ${pages} 1 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 30 0 0\n`;

function rig(top: number) {
  const files = new RecordedHostFiles({
    "/proc/self/status": "VmRSS:\t     400 kB\n",
    "/proc/self/statm": "900 100 9 9 0 9 0",
  });
  const table = new SeriesTable();
  table.bootedAt = 1000;
  const focus = new ProcessFocus(top);
  const walk = createProcessesCollector({ files, table }, focus);
  const usage = createProcessUsageCollector({ files, table }, focus);
  let at = 1_772_000_000_000;
  const round = (processes: Record<number, Process | null>): Record<string, number> => {
    for (const [pid, process] of Object.entries(processes)) {
      if (process === null) files.contents.delete(`/proc/${pid}/stat`);
      else files.contents.set(`/proc/${pid}/stat`, stat(Number(pid), process));
    }
    at += 60_000;
    table.removeEnded();
    walk.sample(at);
    usage.sample(at);
    const points = table.metrics().flatMap((metric) => metric.points);
    const own = points.filter((series) => series.at === at && series.name.startsWith("process."));
    return Object.fromEntries(
      own.map(({ name, labels, value }) => [[name, ...Object.values(labels)].join(" "), value]),
    );
  };
  const followed = (seen: Record<string, number>): string[] =>
    Object.entries(seen)
      .flatMap(([key, value]) => (Number.isNaN(value) ? [] : (/^process\.memory\.usage (\d+)/.exec(key)?.[1] ?? [])))
      .sort();
  return { round, focus, files, table, followed };
}

test("a watched process: CPU by state, memory, and its disk where we may see it", () => {
  const { round, focus, files, table } = rig(0);
  focus.watch(["7", "8"]);
  files.contents.set("/proc/8/io", "rchar: 1\nread_bytes: 4096\nwrite_bytes: 8192\ncancelled_write_bytes: 1\n");
  expect(round({ 7: { user: 250, pages: 3 }, 8: { name: "a) b (c" } })).toEqual({
    "process.cpu.time 7 p7 user": 2.5,
    "process.cpu.time 7 p7 system": 0.1,
    "process.cpu.time 7 p7 wait": 0.3,
    "process.memory.usage 7 p7": 3 * 4096,
    "process.memory.virtual 7 p7": 8192,
    "process.cpu.time 8 a) b (c user": 0,
    "process.cpu.time 8 a) b (c system": 0.1,
    "process.cpu.time 8 a) b (c wait": 0.3,
    "process.memory.usage 8 a) b (c": 4096,
    "process.memory.virtual 8 a) b (c": 8192,
    "process.disk.io 8 a) b (c read": 4096,
    "process.disk.io 8 a) b (c write": 8192,
  });
  const [series] = table.metrics().find(({ name }) => name === "process.cpu.time")?.points ?? [];
  expect(series?.startedAt).toBe(1050);
});

test("a process that ended, and another under its number: its series end, and others begin", () => {
  const { round, focus } = rig(0);
  focus.watch(["7"]);
  round({ 7: { user: 100 } });
  const other = round({ 7: { user: 1, start: 900, name: "new" } });
  expect(other).toMatchObject({ "process.cpu.time 7 p7 user": Number.NaN, "process.cpu.time 7 new user": 0.01 });
  expect(round({ 7: null })).toMatchObject({ "process.cpu.time 7 new user": Number.NaN });
  expect(round({})).toEqual({});
});

test("the first by CPU and by memory, and no more; what is idle is not there for its CPU", () => {
  const { round, followed } = rig(1);
  const host = { 1: { pages: 1 }, 2: { pages: 9 }, 3: { user: 500, pages: 2 }, 4: { pages: 1 } };
  // What was used before the first walk is not known to be recent.
  expect(followed(round(host))).toEqual(["2"]);
  expect(followed(round({ 4: { user: 30, pages: 1 } }))).toEqual(["2", "4"]);
});

test("who was among the first stays while it is among twice as many", () => {
  const { round, followed } = rig(1);
  round({ 1: { pages: 10 }, 2: { pages: 9 }, 3: { pages: 8 } });
  expect(followed(round({ 2: { pages: 11 } }))).toEqual(["1", "2"]);
  expect(followed(round({ 3: { pages: 12 } }))).toEqual(["2", "3"]);
});

test("none are wanted: none are ranked", () => {
  const { round } = rig(0);
  round({ 1: { pages: 10 } });
  expect(round({ 1: { user: 99 } })).toEqual({});
});

test.for<[name: string, kib: string, pages: string, bytes: number]>([
  ["4 KiB", "400", "100", 4096],
  ["64 KiB", "6400", "100", 65_536],
  ["counts that were not taken at one moment", "410", "97", 4096],
  ["nothing told", "x", "", 4096],
])("pages of %s", ([, kib, pages, bytes]) => {
  const { round, focus, files } = rig(0);
  files.contents.set("/proc/self/status", `VmRSS:\t${kib} kB\n`);
  files.contents.set("/proc/self/statm", `1 ${pages} 1`);
  focus.watch(["7"]);
  expect(round({ 7: { pages: 2 } })).toMatchObject({ "process.memory.usage 7 p7": 2 * bytes });
});

test.for(["", "7", "7 (", ") 7 (", "nonsense", "7 (a)"])("a line that is no process: %j", (line) => {
  const parsed = parseProcessStat(line);
  expect(parsed === null || parsed.state === "").toBe(true);
});

test.for<[name: string, command: string, shown: string]>([
  ["MainThread", "/usr/bin/node\u0000server.js\u0000", "node"],
  ["prometheus-node", "/usr/bin/prometheus-node-exporter\u0000", "prometheus-node-exporter"],
  ["prometheus-node", "something: else", "prometheus-node"],
  ["MainThread", "", "MainThread"],
  ["nginx", "nginx: worker process", "nginx"],
])("a process that the kernel calls %s, by its command %j: %s", ([name, command, shown]) => {
  const { round, focus, files } = rig(0);
  files.contents.set("/proc/7/cmdline", command);
  focus.watch(["7"]);
  expect(round({ 7: { name } })).toHaveProperty([`process.memory.usage 7 ${shown}`]);
});

test("watched processes come to the focus by their watch, and at most a hundred of them", () => {
  const focus = new ProcessFocus(3);
  focus.watch(Array.from({ length: 300 }, (_, index) => String(index + 1)));
  expect(focus.pids().size).toBe(100);
});
