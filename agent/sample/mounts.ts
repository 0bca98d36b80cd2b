import type { ByteReader } from "./byte-reader.ts";

export interface Mount {
  device: string;
  mountpoint: string;
  type: string;
  readOnly: boolean;
}

/** What is no storage of its own: node_exporter's exclusions. */
export const MOUNTPOINT_EXCLUDE =
  /^\/(dev|proc|run\/credentials\/.+|sys|var\/lib\/docker\/.+|var\/lib\/containers\/storage\/.+)($|\/)/;
export const TYPE_EXCLUDE =
  /^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|erofs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tracefs|ramfs|efivarfs|fuse\.lxcfs|fuse\.gvfsd-fuse|fuse\.portal)$/;

/** Mounted file systems that hold data, from /proc/self/mounts; of several mounts on one place the last one counts. */
export function parseMounts(reader: ByteReader, include: (mount: Mount) => boolean): Mount[] {
  const byPlace = new Map<string, Mount>();
  for (; !reader.atEnd; reader.skipLine()) {
    const device = unescape(reader.word());
    const mountpoint = unescape(reader.word());
    const type = reader.word();
    const options = reader.word();
    if (mountpoint === "" || TYPE_EXCLUDE.test(type) || MOUNTPOINT_EXCLUDE.test(mountpoint)) continue;
    const mount = { device, mountpoint, type, readOnly: /(^|,)ro(,|$)/.test(options) };
    if (include(mount)) byPlace.set(mountpoint, mount);
    else byPlace.delete(mountpoint);
  }
  return [...byPlace.values()];
}

/** The kernel writes blank, tab, line feed and backslash as octal. */
function unescape(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
