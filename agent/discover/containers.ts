import type { ObservedContainer } from "../../protocol/observation.ts";
import type { HostFiles } from "../sample/host-files.ts";

/** A container or guest with its control group. */
export interface Container extends ObservedContainer {
  /** Folder of the control group. */
  path: string;
}

const ROOTS = ["/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/memory"] as const;
const DEPTH_MAX = 8;
const FOLDERS_MAX = 2000;
/** Below these there may be containers; a service's own group is left alone. */
const LEADS_ON =
  /\.slice$|^(docker|kubepods|besteffort|burstable|guaranteed|lxc|machine|podman|libpod_parent)$|^pod[0-9a-f_-]{32,36}$|^(user@\d+|docker|containerd|k3s|podman)\.service$/;

/** Each runtime's way to name a container's group; the first group is its id. */
const NAMES: readonly (readonly [pattern: RegExp, runtime: string])[] = [
  [/^docker-([0-9a-f]{64})\.scope$/, "docker"],
  [/^(?:cri-containerd|containerd|nerdctl)-([0-9a-f]{64})\.scope$/, "containerd"],
  [/^crio-([0-9a-f]{64})(?:\.scope)?$/, "crio"],
  [/^libpod-([0-9a-f]{64})(?:\.scope)?$/, "podman"],
  [/^lxc\.payload\.(.+)$/, "lxc"],
  [/^machine-qemu\\x2d\d+\\x2d(.+)\.scope$/, "qemu"],
  [/^machine-(.+)\.scope$/, "nspawn"],
];
const BARE_ID = /^[0-9a-f]{64}$/;

/** Containers and guests of this host, from the tree of control groups: no runtime is asked, no privilege is needed. */
export function findContainers(files: HostFiles, max: number): Container[] {
  const root = ROOTS.find((path) => files.list(`${path}/`).some((name) => LEADS_ON.test(name)));
  const found: Container[] = [];
  let folders = 0;
  const walk = (path: string, depth: number): void => {
    for (const name of files.list(`${path}/`)) {
      if (found.length >= max || folders >= FOLDERS_MAX) return;
      const own = containerOf(name, path);
      if (own !== null) found.push(own);
      else if (depth < DEPTH_MAX && LEADS_ON.test(name)) {
        folders++;
        walk(`${path}/${name}`, depth + 1);
      }
    }
  };
  if (root !== undefined) walk(root, 0);
  return found;
}

function containerOf(name: string, parent: string): Container | null {
  const path = `${parent}/${name}`;
  for (const [pattern, runtime] of NAMES) {
    const id = pattern.exec(name)?.[1];
    if (id !== undefined) return { id: shortId(unescape(id)), runtime, path };
  }
  if (parent.endsWith("/lxc")) return name.includes(".") ? null : { id: name, runtime: "lxc", path };
  if (!BARE_ID.test(name)) return null;
  return { id: shortId(name), runtime: parent.includes("kubepods") ? "containerd" : "docker", path };
}

const shortId = (id: string): string => (BARE_ID.test(id) ? id.slice(0, 12) : id);

/** systemd writes what may not stand in a unit's name as `\x2d`. */
function unescape(name: string): string {
  return name.replace(/\\x([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
