import { statfsSync } from "node:fs";
import { LOCAL_FILESYSTEM } from "../sample/filesystem.ts";
import type { HostFiles } from "../sample/host-files.ts";
import { parseMounts } from "../sample/mounts.ts";
import { isPid } from "../sample/processes.ts";

const SHOWN = 5;
const PROCESSES_MAX = 5000;
const MEGA = 1_000_000;

type StatFsNow = (path: string) => { blocks: number; bfree: number; bavail: number };

/** The fullest file systems, and who has read and written most since its start, where that may be seen. */
export function describeDisks(files: HostFiles, statFs: StatFsNow = statfsSync): string {
  return [...fullest(files, statFs), ...busiest(files)].join("\n");
}

/** Local ones only: asking another may wait for ever. */
function fullest(files: HostFiles, statFs: StatFsNow): string[] {
  const reader = files.read("/proc/1/mounts") ?? files.read("/proc/self/mounts");
  const mounts = reader === null ? [] : parseMounts(reader, ({ type }) => LOCAL_FILESYSTEM.test(type));
  const shares = mounts.flatMap(({ mountpoint }) => {
    try {
      const { blocks, bfree, bavail } = statFs(mountpoint);
      const used = blocks - bfree;
      return used + bavail > 0 ? [{ mountpoint, percent: Math.round((used / (used + bavail)) * 100) }] : [];
    } catch {
      // Unmounted since, or closed to us.
      return [];
    }
  });
  const shown = shares.sort((a, b) => b.percent - a.percent).slice(0, SHOWN);
  return shown.length === 0
    ? []
    : [`full: ${shown.map(({ mountpoint, percent }) => `${mountpoint} ${percent} %`).join(", ")}`];
}

function busiest(files: HostFiles): string[] {
  const found: { name: string; bytes: number }[] = [];
  for (const pid of files.list("/proc/").filter(isPid).slice(0, PROCESSES_MAX)) {
    const text = files.read(`/proc/${pid}/io`)?.all() ?? "";
    const bytes = [...text.matchAll(/^(?:read|write)_bytes: (\d+)$/gm)].reduce(
      (sum, match) => sum + Number(match[1]),
      0,
    );
    if (bytes > MEGA) found.push({ name: `${files.line(`/proc/${pid}/comm`) ?? ""}[${pid}]`, bytes });
  }
  const shown = found.sort((a, b) => b.bytes - a.bytes).slice(0, SHOWN);
  if (shown.length === 0) return [];
  return [
    `read and written since their start: ${shown.map(({ name, bytes }) => `${name} ${Math.round(bytes / MEGA)} MB`).join(", ")}`,
  ];
}
