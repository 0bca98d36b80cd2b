import type { HostFiles } from "../../sample/host-files.ts";
import type { Facts, FactSource } from "./facts.ts";

const GIB_IN_KIB = 1024 * 1024;
const SECTOR_BYTES = 512;
/** Devices of the kernel's own making: their coming and going is no change of hardware. */
const VIRTUAL_DISK = /^(loop|ram|zram|dm-|md|nbd|sr|fd)/;
const VIRTUAL_INTERFACE = /^(lo|veth|docker|br-|cali|lxc|tap|tun|ifb|virbr)/;

/** What the host is made of, from /proc and /sys: processors, memory, disks, network cards, the machine itself. */
export function inventoryFacts(files: HostFiles): FactSource {
  const read = (): Facts => {
    const facts: Record<string, string> = { processors: processors(files), memory: memory(files) };
    const vendor = files.line("/sys/class/dmi/id/sys_vendor") ?? "";
    const product = files.line("/sys/class/dmi/id/product_name") ?? "";
    if (vendor !== "" || product !== "") facts["machine"] = `${vendor} ${product}`.trim();
    for (const name of files.list("/sys/block/"))
      if (!VIRTUAL_DISK.test(name)) facts[`disk ${name}`] = disk(files, name);
    for (const name of files.list("/sys/class/net/"))
      if (!VIRTUAL_INTERFACE.test(name))
        facts[`interface ${name}`] = files.line(`/sys/class/net/${name}/address`) ?? "";
    return facts;
  };
  return {
    name: "inventory",
    check: "inventory_changed",
    noun: "part",
    settles: true,
    // What cannot be read now has not changed.
    fingerprint: () => (files.read("/proc/meminfo") === null ? null : JSON.stringify(read())),
    read,
  };
}

function processors(files: HostFiles): string {
  const text = files.read("/proc/cpuinfo")?.all() ?? "";
  const count = text.match(/^processor\s*:/gm)?.length ?? 0;
  const model = /^(?:model name|Model|cpu model)\s*:\s*(.+)$/m.exec(text)?.[1] ?? "";
  return `${count} × ${model}`.trim();
}

/** To half a GiB: what the kernel keeps for itself differs from version to version. */
function memory(files: HostFiles): string {
  const reader = files.read("/proc/meminfo");
  const kib = reader?.accept("MemTotal:") === true ? reader.number() : 0;
  return `${Math.round((kib / GIB_IN_KIB) * 2) / 2} GiB`;
}

function disk(files: HostFiles, name: string): string {
  const sectors = files.read(`/sys/block/${name}/size`)?.number() ?? 0;
  const model = files.line(`/sys/block/${name}/device/model`) ?? "";
  return `${Math.round((sectors * SECTOR_BYTES) / 1e9)} GB ${model}`.trim();
}
