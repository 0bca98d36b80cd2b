import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Collector, CollectorContext } from "./collector.ts";
import { type Mount, parseMounts } from "./mounts.ts";
import { Instances, type Series, setSeries } from "./series-table.ts";

/** What statfs(2) tells, in blocks and inodes. */
export interface FileSystemState {
  bsize: number;
  blocks: number;
  bfree: number;
  bavail: number;
  files: number;
  ffree: number;
}

/** The two ways to ask: at once, or without waiting for a server that may never answer. */
export interface StatFs {
  now(path: string): FileSystemState | null;
  later(path: string, done: (state: FileSystemState | null) => void): void;
}

/** The kernel answers for these from memory, so that asking cannot hang. */
export const LOCAL_FILESYSTEM =
  /^(ext[234]|xfs|btrfs|f2fs|zfs|vfat|exfat|ntfs3?|jfs|reiserfs|bcachefs|tmpfs|ubifs|jffs2|nilfs2)$/;
const MOUNTS_MAX = 128;
/** Questions to remote file systems under way at a time. Each holds one of Node's four helper threads while it hangs. */
const REMOTE_MAX = 2;

export interface FilesystemOptions {
  statFs: StatFs;
  clock: Clock;
  log: Log;
  /** How long a remote file system may take. */
  timeoutMs: number;
  include: (mount: Mount) => boolean;
}

interface Place {
  series: readonly Series[];
  mount: Mount;
  usage: { used: Series; free: Series; reserved: Series; limit: Series; all: Series; utilization: Series };
  inodes: { used: Series; free: Series; limit: Series };
  readonly: Series;
  error: Series;
  /** Asked, and not answered yet; a hung server is asked once and not again. */
  asking: boolean;
  hung: boolean;
  cancelTimeout: () => void;
}

/**
 * Space and inodes of each mounted file system. Local ones are asked in place (microseconds); remote ones off the hot path
 * with a time limit each, so that a dead NFS server costs one waiting thread and a series that says so.
 */
export function createFilesystemCollector(context: CollectorContext, options: FilesystemOptions): Collector {
  const places = new Instances<Place>(context.table, MOUNTS_MAX);
  const remote = createRemoteQueue(options);
  let mounts: Mount[] = [];
  let mountsText = "";

  const readMounts = (): Mount[] => {
    // Ours may be another view than the host's: a hardened unit sees everything read-only.
    const reader = context.files.read("/proc/1/mounts", "long") ?? context.files.read("/proc/self/mounts", "long");
    if (reader === null) return mounts;
    // Parsed only when the table of mounts has changed.
    const text = reader.all();
    if (text !== mountsText) {
      mountsText = text;
      mounts = parseMounts(reader, options.include);
    }
    return mounts;
  };

  return {
    name: "filesystem",
    everyMs: 0,
    sample(at) {
      for (const mount of readMounts()) {
        const key = `${mount.device}\u0000${mount.mountpoint}\u0000${mount.type}\u0000${mount.readOnly}`;
        const place = places.get(key, () => createPlace(context, mount));
        if (place === null) continue;
        if (!LOCAL_FILESYSTEM.test(mount.type)) remote(place);
        else answered(place, options.statFs.now(mount.mountpoint), at);
      }
      places.endRound(at);
    },
  };
}

/** Asks remote file systems, few at a time, each once until it answers. */
function createRemoteQueue(options: FilesystemOptions): (place: Place) => void {
  const { clock, statFs, log } = options;
  let underWay = 0;

  return (place) => {
    const { mountpoint } = place.mount;
    if (place.hung) setSeries(place.error, 1, clock.now());
    if (place.asking || underWay >= REMOTE_MAX) return;
    place.asking = true;
    underWay++;
    place.cancelTimeout = clock.after(options.timeoutMs, () => {
      place.hung = true;
      setSeries(place.error, 1, clock.now());
      log.warn("file system does not answer", { mountpoint, type: place.mount.type, timeoutMs: options.timeoutMs });
    });
    statFs.later(mountpoint, (state) => {
      place.cancelTimeout();
      underWay--;
      place.asking = false;
      if (place.hung) log.info("file system answers again", { mountpoint });
      place.hung = false;
      answered(place, state, clock.now());
    });
  };
}

function createPlace({ table }: CollectorContext, mount: Mount): Place {
  const labels = {
    device: mount.device,
    mountpoint: mount.mountpoint,
    type: mount.type,
    mode: mount.readOnly ? "ro" : "rw",
  };
  const usage = {
    used: table.gauge("system.filesystem.usage", "By", { ...labels, state: "used" }),
    free: table.gauge("system.filesystem.usage", "By", { ...labels, state: "free" }),
    reserved: table.gauge("system.filesystem.usage", "By", { ...labels, state: "reserved" }),
    limit: table.gauge("system.filesystem.limit", "By", labels),
    all: table.gauge("system.linux.filesystem.free", "By", labels),
    utilization: table.gauge("system.filesystem.utilization", "1", labels),
  };
  const inodes = {
    used: table.gauge("system.filesystem.inodes.usage", "{inode}", { ...labels, state: "used" }),
    free: table.gauge("system.filesystem.inodes.usage", "{inode}", { ...labels, state: "free" }),
    limit: table.gauge("system.filesystem.inodes.limit", "{inode}", labels),
  };
  const readonly = table.gauge("system.linux.filesystem.readonly", "1", labels);
  const error = table.gauge("system.linux.filesystem.error", "1", labels);
  const series = [...Object.values(usage), ...Object.values(inodes), readonly, error];
  const waiting = { asking: false, hung: false, cancelTimeout: () => undefined };
  return { series, mount, usage, inodes, readonly, error, ...waiting };
}

function answered(place: Place, state: FileSystemState | null, at: number): void {
  setSeries(place.readonly, place.mount.readOnly ? 1 : 0, at);
  setSeries(place.error, state === null ? 1 : 0, at);
  if (state === null) return;
  const { usage, inodes } = place;
  const used = (state.blocks - state.bfree) * state.bsize;
  const free = state.bavail * state.bsize;
  setSeries(usage.used, used, at);
  setSeries(usage.free, free, at);
  setSeries(usage.reserved, Math.max(0, (state.bfree - state.bavail) * state.bsize), at);
  setSeries(usage.limit, state.blocks * state.bsize, at);
  setSeries(usage.all, state.bfree * state.bsize, at);
  // As df: of what a user could have.
  if (used + free > 0) setSeries(usage.utilization, used / (used + free), at);
  // btrfs and vfat have no inodes to run out of.
  if (state.files <= 0) return;
  setSeries(inodes.used, state.files - state.ffree, at);
  setSeries(inodes.free, state.ffree, at);
  setSeries(inodes.limit, state.files, at);
}
