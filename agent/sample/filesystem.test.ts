import { expect, test } from "vitest";
import { RecordedHostFiles } from "../../test/support/recorded-host-files.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { createLog } from "../log.ts";
import { createFilesystemCollector, type FileSystemState, type StatFs } from "./filesystem.ts";
import { type Mount, parseMounts } from "./mounts.ts";
import { type Series, SeriesTable } from "./series-table.ts";

const mountsOf = (text: string): Mount[] => {
  const reader = new RecordedHostFiles({ "/m": text }).read("/m")!;
  return parseMounts(reader, () => true);
};

test.for<[string, string, Partial<Mount>[]]>([
  [
    "a plain disk",
    "/dev/sda1 / ext4 rw,relatime 0 0\n",
    [{ device: "/dev/sda1", mountpoint: "/", type: "ext4", readOnly: false }],
  ],
  ["read-only", "/dev/sda1 /data xfs ro,relatime 0 0\n", [{ readOnly: true }]],
  ["an option that only begins with ro", "/dev/sda1 /data xfs rw,rotational 0 0\n", [{ readOnly: false }]],
  [
    "blanks and line feeds in the name",
    "/dev/sdb1 /mnt/my\\040disk\\012x ext4 rw 0 0\n",
    [{ mountpoint: "/mnt/my disk\nx" }],
  ],
  [
    "pseudo file systems",
    "proc /proc proc rw 0 0\nsysfs /sys sysfs rw 0 0\ntmpfs /dev/shm tmpfs rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n",
    [],
  ],
  ["docker's layers", "overlay /var/lib/docker/overlay2/x/merged overlay rw 0 0\n", []],
  ["mounted over", "/dev/a /x ext4 rw 0 0\n/dev/b /x xfs rw 0 0\n", [{ device: "/dev/b" }]],
  ["a half line", "/dev/a\n", []],
])("mounts: %s", ([, text, expected]) => {
  expect(mountsOf(text)).toMatchObject(expected);
  expect(mountsOf(text)).toHaveLength(expected.length);
});

const GIB = 1024 ** 3;
const STATE: FileSystemState = {
  bsize: 4096,
  blocks: GIB / 4096,
  bfree: GIB / 8192,
  bavail: GIB / 16_384,
  files: 100,
  ffree: 40,
};

/** A host whose remote file systems answer when the test says so. */
function host(mounts: string) {
  const clock = new VirtualClock();
  const lines: string[] = [];
  const table = new SeriesTable();
  const files = new RecordedHostFiles({ "/proc/self/mounts": mounts });
  const waiting = new Map<string, (state: FileSystemState | null) => void>();
  const asked: string[] = [];
  let local: FileSystemState | null = STATE;
  const statFs: StatFs = {
    now: (path) => {
      asked.push(path);
      return local;
    },
    later: (path, done) => {
      asked.push(path);
      waiting.set(path, done);
    },
  };
  const log = createLog(
    "info",
    (line) => lines.push(line),
    () => clock.now(),
  );
  const collector = createFilesystemCollector(
    { files, table },
    { statFs, clock, log, timeoutMs: 5000, include: () => true },
  );
  const value = (name: string, mountpoint: string, state?: string): number | undefined => {
    const points = table.metrics().find((metric) => metric.name === name)?.points ?? [];
    const wanted = (series: Series): boolean =>
      series.labels["mountpoint"] === mountpoint && (state === undefined || series.labels["state"] === state);
    return points.find(wanted)?.value;
  };
  return { clock, lines, table, files, waiting, asked, collector, value, breakLocal: () => (local = null) };
}

test("a local disk is asked in place; utilisation is as df shows it, without what is reserved for root", () => {
  const { collector, clock, value } = host("/dev/sda1 / ext4 rw 0 0\n");
  collector.sample(clock.now());
  expect(value("system.filesystem.limit", "/")).toBe(GIB);
  expect(value("system.filesystem.usage", "/", "used")).toBe(GIB / 2);
  expect(value("system.filesystem.usage", "/", "free")).toBe(GIB / 4);
  expect(value("system.filesystem.usage", "/", "reserved")).toBe(GIB / 4);
  expect(value("system.filesystem.utilization", "/")).toBeCloseTo(2 / 3);
  expect(value("system.filesystem.inodes.usage", "/", "used")).toBe(60);
  expect(value("system.linux.filesystem.error", "/")).toBe(0);
});

test("a mount that may not be read has an error and no sizes", () => {
  const { collector, clock, value, breakLocal } = host("/dev/sda1 /secret ext4 rw 0 0\n");
  breakLocal();
  collector.sample(clock.now());
  expect(value("system.linux.filesystem.error", "/secret")).toBe(1);
  expect(value("system.filesystem.limit", "/secret")).toBeNaN();
});

test("a dead NFS server: asked once, shown as an error, told once, and the local disk goes on", () => {
  const { collector, clock, value, asked, lines, waiting } = host("nas:/a /nfs nfs4 rw 0 0\n/dev/sda1 / ext4 rw 0 0\n");
  for (let round = 0; round < 6; round++) {
    collector.sample(clock.now());
    clock.advance(10_000);
  }
  expect(asked.filter((path) => path === "/nfs")).toHaveLength(1);
  expect(asked.filter((path) => path === "/")).toHaveLength(6);
  expect(value("system.linux.filesystem.error", "/nfs")).toBe(1);
  expect(lines.filter((line) => line.includes("does not answer"))).toHaveLength(1);

  waiting.get("/nfs")!(STATE);
  expect(value("system.linux.filesystem.error", "/nfs")).toBe(0);
  expect(value("system.filesystem.limit", "/nfs")).toBe(GIB);
  collector.sample(clock.now());
  expect(asked.filter((path) => path === "/nfs")).toHaveLength(2);
});

test("three dead servers leave helper threads for the rest of the agent", () => {
  const { collector, clock, waiting } = host("a:/ /a nfs rw 0 0\nb:/ /b nfs rw 0 0\nc:/ /c cifs rw 0 0\n");
  collector.sample(clock.now());
  expect(waiting.size).toBe(2);
});

test("the host's own view of its mounts counts, not that of a hardened unit", () => {
  const { collector, clock, files, value } = host("/dev/a / ext4 ro 0 0\n");
  files.contents.set("/proc/1/mounts", "/dev/a / ext4 rw 0 0\n");
  collector.sample(clock.now());
  expect(value("system.linux.filesystem.readonly", "/")).toBe(0);
});

test("an unmounted file system loses its series", () => {
  const { collector, clock, files, table, value } = host("/dev/a /a ext4 rw 0 0\n/dev/b /b ext4 rw 0 0\n");
  collector.sample(clock.now());
  files.contents.set("/proc/self/mounts", "/dev/a /a ext4 rw 0 0\n");
  collector.sample(clock.now() + 10_000);
  expect(value("system.filesystem.limit", "/b")).toBeNaN();
  table.removeEnded();
  const left = new Set(table.metrics().flatMap((metric) => metric.points.map((series) => series.labels["mountpoint"])));
  expect([...left]).toEqual(["/a"]);
});
