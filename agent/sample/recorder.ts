import type { ByteReader } from "./byte-reader.ts";
import { DISK_EXCLUDE } from "./disk.ts";
import type { HostFiles } from "./host-files.ts";

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
    return `${channel.name}: ${shown(known.at(-1)!)}${unit} now, ${shown(highest)}${unit} ${ago} s ago  ${bars}`;
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
    // The first line is all that is wanted of it; the others are one for each CPU and interrupt.
    const stat = this.#files.read("/proc/stat", true);
    if (stat?.accept("cpu ") === true) readCpu(stat, now);
    const runnable = this.#runnable();
    this.#each("/proc/diskstats", (reader) => readDisk(reader, now));
    this.#each("/proc/net/dev", (reader) => readInterface(reader, now));
    now.stallMemoryUs = this.#stalled("/proc/pressure/memory");
    now.stallDiskUs = this.#stalled("/proc/pressure/io");
    return { now, memory: this.#memoryUsed(), runnable };
  }

  /** `0.52 0.58 0.59 3/600 12345`: tasks that could run, of all. */
  #runnable(): number {
    const reader = this.#files.read("/proc/loadavg", true);
    for (let word = 0; word < 3; word++) reader?.skipWord();
    return reader?.number() ?? Number.NaN;
  }

  /** MemTotal and MemAvailable are the first and the third of some fifty lines. */
  #memoryUsed(): number {
    const reader = this.#files.read("/proc/meminfo", true);
    if (reader?.accept("MemTotal:") !== true) return Number.NaN;
    const total = reader.number();
    for (let line = 0; line < 4 && !reader.atEnd; line++) {
      reader.skipLine();
      if (reader.accept("MemAvailable:")) return percent(total - reader.number(), total);
    }
    return Number.NaN;
  }

  /** Microseconds in which all tasks waited; NaN where the kernel does not tell. */
  #stalled(path: string): number {
    let total = Number.NaN;
    this.#each(path, (reader) => {
      if (!reader.accept("full ")) return;
      for (let word = reader.word(61); word !== ""; word = reader.word(61)) {
        reader.skipByte();
        const value = reader.number();
        if (word === "total") total = value;
      }
    });
    return total;
  }

  #each(path: string, take: (reader: ByteReader) => void): void {
    const reader = this.#files.read(path, true);
    if (reader === null) return;
    for (; !reader.atEnd; reader.skipLine()) take(reader);
  }
}

function readCpu(reader: ByteReader, into: Counters): void {
  for (let column = 0; column < 8; column++) {
    const ticks = reader.number();
    if (Number.isNaN(ticks)) return;
    into.cpuTotal += ticks;
    if (column === 3) into.cpuIdle = ticks;
    if (column === 4) into.cpuWait = ticks;
  }
}

/** Bytes of all whole disks, and the time of the busiest: the one that others wait for. */
function readDisk(reader: ByteReader, into: Counters): void {
  reader.number();
  reader.number();
  const device = reader.word();
  if (device === "" || DISK_EXCLUDE.test(device)) return;
  const columns = Array.from({ length: 10 }, () => reader.number());
  into.diskBytes += (columns[2]! + columns[6]!) * SECTOR_BYTES;
  into.diskMs = Math.max(into.diskMs, columns[9]!);
}

function readInterface(reader: ByteReader, into: Counters): void {
  const device = reader.word(58);
  if (device === "lo") return;
  reader.skipByte();
  const columns = Array.from({ length: 9 }, () => reader.number());
  if (!Number.isNaN(columns[8]!)) into.networkBytes += columns[0]! + columns[8]!;
}

function percent(part: number, whole: number): number {
  return Math.min(100, Math.max(0, (part / whole) * 100));
}

function shown(value: number): string {
  return value >= 10 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(1);
}
