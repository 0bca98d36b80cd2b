import { existsSync } from "node:fs";
import { machine, networkInterfaces, release } from "node:os";
import type { Observation } from "../../protocol/observation.ts";
import type { HostFiles } from "../sample/host-files.ts";
import { isLinkLocal, isLoopback } from "./address.ts";

/** Words in the machine's vendor and product that a hypervisor writes there. */
const VENDORS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/VMware/i, "vmware"],
  [/VirtualBox|innotek/i, "virtualbox"],
  [/Microsoft Corporation.*Virtual/i, "hyperv"],
  [/Amazon EC2/i, "amazon"],
  [/Google/i, "google"],
  [/Xen/i, "xen"],
  [/Parallels/i, "parallels"],
  [/OpenStack|KVM|QEMU|oVirt|Red Hat/i, "kvm"],
  [/Bochs|DigitalOcean|Hetzner|Scaleway|Alibaba/i, "kvm"],
];

/** What this machine is: of metal, of a hypervisor, or a container. "" for one of its own. */
export function virtualisationOf(files: HostFiles, exists: (path: string) => boolean = existsSync): string {
  if (exists("/.dockerenv") || exists("/run/.containerenv") || exists("/run/systemd/container")) return "container";
  const words = ["sys_vendor", "product_name"].map((name) => files.line(`/sys/class/dmi/id/${name}`) ?? "").join(" ");
  const named = VENDORS.find(([pattern]) => pattern.test(words));
  if (named !== undefined) return named[1];
  if ((files.line("/sys/hypervisor/type") ?? "") === "xen") return "xen";
  // The processor says that there is a hypervisor, and nobody says which.
  return /^flags\s*:.*\bhypervisor\b/m.test(files.read("/proc/cpuinfo")?.all() ?? "") ? "virtual" : "";
}

export function systemOf(files: HostFiles): Observation["system"] {
  return {
    os: process.platform,
    kernel: release(),
    architecture: machine(),
    virtualisation: virtualisationOf(files),
  };
}

/** Interfaces that a container runtime or a hypervisor makes: their addresses are the same on every such host. */
const BRIDGE = /^(docker|br-|virbr|cni|flannel|cali|veth|lxc|lxd|podman|kube-ipvs|nerdctl)/;

/** Addresses under which others may call this host, sorted; none where the agent may not ask, as in a sandbox without netlink. */
export function addressesOf(interfaces = networkInterfaces): string[] {
  let all: ReturnType<typeof networkInterfaces>;
  try {
    all = interfaces();
  } catch {
    return [];
  }
  const found = new Set<string>();
  for (const [name, addresses] of Object.entries(all)) {
    if (BRIDGE.test(name)) continue;
    for (const { address } of addresses ?? []) if (!isLoopback(address) && !isLinkLocal(address)) found.add(address);
  }
  return [...found].sort();
}
