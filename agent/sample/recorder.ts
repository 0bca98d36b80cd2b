import { DISK_EXCLUDE } from "./disk.ts";
import type { HostFiles } from "./host-files.ts";
import { INTERFACE_EXCLUDE } from "./network.ts";

/** What is recorded each second, in the order in which it is shown. `max` 0 = the largest value that was seen. */
const CHANNELS = [
  { name: "cpu busy", unit: "%", max: 100 },
  { name: "cpu wait", unit: "%", max: 100 },
  { name: "memory used", unit: "%", max: 100 },
  { name: "disk busy", unit: "%", max: 100 },
  { name: "disk", unit: "MB/s", max: 0 },
  { name: "network", unit: "MB/s", max: 0 },
  { name: "runnable", unit: "", max: 0 },
  { name: "stalled for memory", unit: "%", max: 100 },
  { name: "stalled for disk", unit: "%", max: 100 },
] as const;

const CPU_BUSY = 0;
const CPU_WAIT = 1;
const MEMORY = 2;
const DISK_BUSY = 3;
const DISK_RATE = 4;
const NETWORK = 5;
const RUNNABLE = 6;
const STALL_MEMORY = 7;
const STALL_DISK = 8;

const BARS = "▁▂▃▄▅▆▇█";
const COLUMNS = 60;
const SECTOR_BYTES = 512;
const MEGA = 1_000_000;

/** Counters of which a rate is made. */
interface Counters {
  atMs: number;
  cpuTotal: number;
  cpuIdle: number;
  cpuWait: number;
  diskMs: number;
  diskBytes: number;
  networkBytes: number;
  stallMemoryUs: number;
  stallDiskUs: number;
}

/**
 * The host's last minutes at one second each, in a ring of fixed size: what an alert's ten-second samples are too coarse to
 * show. Nothing leaves the host until something is wrong; then the ring goes along as a few lines of text.
 */
export class Recorder {
  readonly #files: HostFiles;
  readonly #seconds: number;
  readonly #ring: Float32Array;
  #written = 0;
  #before: Counters | null = null;

  constructor(files: HostFiles, seconds = 300) {
    this.#files = files;
    this.#seconds = seconds;
    this.#ring = new Float32Array(seconds * CHANNELS.length).fill(Number.NaN);
  }

  /** Once a second; `nowMs` monotonic. */
  tick(nowMs: number): void {
    const counters = this.#counters(nowMs);
    const before = this.#before;
    this.#before = counters.now;
    const row = (this.#written++ % this.#seconds) * CHANNELS.length;
    const set = (channel: number, value: number): void => {
      this.#ring[row + channel] = value;
    };
    set(MEMORY, counters.memory);
    set(RUNNABLE, counters.runnable);
    const seconds = before === null ? 0 : (nowMs - before.atMs) / 1000;
    for (const channel of [CPU_BUSY, CPU_WAIT, DISK_BUSY, DISK_RATE, NETWORK, STALL_MEMORY, STALL_DISK])
      set(channel, Number.NaN);
    if (before === null || seconds <= 0) return;
    const { now } = counters;
    const total = now.cpuTotal - before.cpuTotal;
    if (total > 0) {
      set(CPU_BUSY, percent(total - (now.cpuIdle - before.cpuIdle) - (now.cpuWait - before.cpuWait), total));
      set(CPU_WAIT, percent(now.cpuWait - before.cpuWait, total));
    }
    set(DISK_BUSY, percent(now.diskMs - before.diskMs, seconds * 1000));
    set(DISK_RATE, Math.max(0, now.diskBytes - before.diskBytes) / seconds / MEGA);
    set(NETWORK, Math.max(0, now.networkBytes - before.networkBytes) / seconds / MEGA);
    set(STALL_MEMORY, percent(now.stallMemoryUs - before.stallMemoryUs, seconds * MEGA));
    set(STALL_DISK, percent(now.stallDiskUs - before.stallDiskUs, seconds * MEGA));
  }

  /** A line for each channel that moved: now, the highest and when, and the course of the minutes. Empty before the second tick. */
  render(): string {
    const length = Math.min(this.#written, this.#seconds);
    const lines = CHANNELS.map((channel, index) => this.#line(channel, index, length)).filter((line) => line !== "");
    return lines.length === 0
      ? ""
      : `the last ${length} s, a column for ${Math.ceil(length / COLUMNS)} s\n${lines.join("\n")}`;
  }

  #line(channel: (typeof CHANNELS)[number], index: number, length: number): string {
    const values = Array.from({ length }, (_, position) => this.#at(this.#written - length + position, index));
    const known = values.filter((value) => !Number.isNaN(value));
    const highest = Math.max(...known);
    if (known.length === 0 || highest < 0.05) return "";
    const ago = length - 1 - values.indexOf(highest);
    const width = Math.ceil(length / COLUMNS);
    const top = channel.max === 0 ? highest : channel.max;
    let bars = "";
    for (let start = 0; start < length; start += width) {
      const part = values.slice(start, start + width).filter((value) => !Number.isNaN(value));
      bars += part.length === 0 ? " " : BARS[Math.min(7, Math.floor((Math.max(...part) / top) * 7.999))];
    }
    const unit = channel.unit === "" ? "" : ` ${channel.unit}`;
    return `${channel.name}: ${shown(known.at(-1)!)}${unit} now, highest ${shown(highest)}${unit} ${ago} s ago  ${bars}`;
  }

  #at(second: number, channel: number): number {
    return this.#ring[(second % this.#seconds) * CHANNELS.length + channel]!;
  }

  #counters(atMs: number): { now: Counters; memory: number; runnable: number } {
    const now: Counters = {
      atMs,
      cpuTotal: 0,
      cpuIdle: 0,
      cpuWait: 0,
      diskMs: 0,
      diskBytes: 0,
      networkBytes: 0,
      stallMemoryUs: 0,
      stallDiskUs: 0,
    };
    // Of which the first line is wanted; the others are one for each CPU, and an interrupt line without end.
    readCpu(this.#files.read("/proc/stat", "short")?.rest() ?? "", now);
    readDisks(this.#text("/proc/diskstats"), now);
    readInterfaces(this.#text("/proc/net/dev"), now);
    now.stallMemoryUs = this.#stalled("/proc/pressure/memory");
    now.stallDiskUs = this.#stalled("/proc/pressure/io");
    return { now, memory: this.#memoryUsed(), runnable: this.#runnable() };
  }

  /** `0.52 0.58 0.59 3/600 12345`: tasks that could run, of all. */
  #runnable(): number {
    return Number(/ (\d+)\//.exec(this.#text("/proc/loadavg"))?.[1] ?? Number.NaN);
  }

  #memoryUsed(): number {
    const found = /^MemTotal: +(\d+)[^]*?\nMemAvailable: +(\d+)/.exec(this.#text("/proc/meminfo"));
    if (found === null) return Number.NaN;
    const total = Number(found[1]);
    return percent(total - Number(found[2]), total);
  }

  /** Microseconds in which all tasks waited; NaN where the kernel does not tell. */
  #stalled(path: string): number {
    return Number(/^full .*total=(\d+)/m.exec(this.#text(path))?.[1] ?? Number.NaN);
  }

  /** Expressions are compiled, and the rest of the agent is not: at this pace they cost a third of reading byte by byte. */
  #text(path: string): string {
    return this.#files.read(path, "short")?.all() ?? "";
  }
}

/** The first line: all CPUs. The time of guests is in that of users already. */
function readCpu(text: string, into: Counters): void {
  const columns = /^cpu +(\d+) (\d+) (\d+) (\d+)(?: (\d+))?(?: (\d+))?(?: (\d+))?(?: (\d+))?/.exec(text);
  if (columns === null) return;
  for (let column = 1; column <= 8; column++) into.cpuTotal += Number(columns[column] ?? 0);
  into.cpuIdle = Number(columns[4]);
  into.cpuWait = Number(columns[5] ?? 0);
}

/** Bytes of all whole disks, and the time of the busiest: the one that others wait for. */
function readDisks(text: string, into: Counters): void {
  const line = /^ *\d+ +\d+ (\S+) \d+ \d+ (\d+) \d+ \d+ \d+ (\d+) \d+ \d+ (\d+)/gm;
  for (let found = line.exec(text); found !== null; found = line.exec(text)) {
    const [, device = "", read, written, busyMs] = found;
    if (DISK_EXCLUDE.test(device)) continue;
    into.diskBytes += (Number(read) + Number(written)) * SECTOR_BYTES;
    into.diskMs = Math.max(into.diskMs, Number(busyMs));
  }
}

function readInterfaces(text: string, into: Counters): void {
  const line = /^ *([^\s:]+): *(\d+)(?: +\d+){7} +(\d+)/gm;
  for (let found = line.exec(text); found !== null; found = line.exec(text)) {
    const [, device = "", received, sent] = found;
    if (device !== "lo" && !INTERFACE_EXCLUDE.test(device)) into.networkBytes += Number(received) + Number(sent);
  }
}

function percent(part: number, whole: number): number {
  return Math.min(100, Math.max(0, (part / whole) * 100));
}

function shown(value: number): string {
  return value >= 10 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(1);
}
