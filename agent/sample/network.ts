import type { Collector, CollectorContext } from "./collector.ts";
import type { HostFiles } from "./host-files.ts";
import { Instances, type Series, setSeries } from "./series-table.ts";

const COLON = 58;
const INTERFACES_MAX = 128;
/** The host's ends of containers' links: they come and go by the thousand and say little. */
export const INTERFACE_EXCLUDE = /^(veth|cali|lxc|tap[0-9a-f]{8})/;
/** What changes seldom is read every this many samples. */
const SLOW_EVERY = 6;

interface Interface {
  series: readonly Series[];
  up: Series;
  carrier: Series;
  speed: Series;
  mtu: Series;
}

/** Columns of /proc/net/dev that we take, receive then transmit; -1 = the column is passed over. */
const COLUMNS = [0, 1, 2, 3, -1, -1, -1, -1, 4, 5, 6, 7] as const;

/** Bytes, packets, errors and drops by interface; link state, speed and MTU; bonding. */
export function createNetworkCollector({ files, table }: CollectorContext): Collector {
  const create = (device: string): Interface => {
    const of = (direction: string): Series[] => [
      table.counter("system.network.io", "By", { device, direction }),
      table.counter("system.network.packets", "{packet}", { device, direction }),
      table.counter("system.network.errors", "{error}", { device, direction }),
      table.counter("system.network.dropped", "{packet}", { device, direction }),
    ];
    const up = table.gauge("system.linux.network.up", "1", { device });
    const carrier = table.gauge("system.linux.network.carrier", "1", { device });
    const speed = table.gauge("system.linux.network.speed", "By/s", { device });
    const mtu = table.gauge("system.linux.network.mtu", "By", { device });
    return { series: [...of("receive"), ...of("transmit"), up, carrier, speed, mtu], up, carrier, speed, mtu };
  };
  const interfaces = new Instances<Interface>(table, INTERFACES_MAX);
  const sampleBonds = createBondSampler({ files, table });
  const present: { device: string; link: Interface }[] = [];
  let samples = 0;

  return {
    name: "network",
    everyMs: 0,
    sample(at) {
      const reader = files.read("/proc/net/dev", "short");
      if (reader === null) return;
      reader.skipLine();
      reader.skipLine();
      present.length = 0;
      for (; !reader.atEnd; reader.skipLine()) {
        const device = reader.word(COLON);
        if (device === "" || INTERFACE_EXCLUDE.test(device)) continue;
        const link = interfaces.get(device, () => create(device));
        if (link === null) continue;
        reader.skipByte();
        for (const index of COLUMNS) {
          const value = reader.number();
          if (index >= 0) setSeries(link.series[index]!, value, at);
        }
        present.push({ device, link });
      }
      const slow = samples++ % SLOW_EVERY === 0;
      for (const { device, link } of present) sampleLink(files, device, link, { at, slow });
      sampleBonds(at);
      interfaces.endRound(at);
    },
  };
}

function sampleLink(files: HostFiles, device: string, link: Interface, when: { at: number; slow: boolean }): void {
  const folder = `/sys/class/net/${device}`;
  const state = files.line(`${folder}/operstate`);
  if (state !== null) setSeries(link.up, state === "up" ? 1 : 0, when.at);
  // Cannot be read while an interface is down.
  if (state !== "down") setSeries(link.carrier, files.read(`${folder}/carrier`)?.number() ?? Number.NaN, when.at);
  if (when.slow) {
    link.mtu.value = files.read(`${folder}/mtu`)?.number() ?? Number.NaN;
    // Some drivers ask the card for it under a lock that is dear; -1 where a device has no speed.
    const megabits = files.read(`${folder}/speed`)?.number() ?? Number.NaN;
    link.speed.value = megabits > 0 ? (megabits * 1_000_000) / 8 : Number.NaN;
  }
  setSeries(link.mtu, link.mtu.value, when.at);
  setSeries(link.speed, link.speed.value, when.at);
}

function createBondSampler({ files, table }: CollectorContext): (at: number) => void {
  const bonds = new Instances<{ series: readonly Series[] }>(table, INTERFACES_MAX);
  let any = true;
  return (at) => {
    if (!any) return;
    const masters = files.line("/sys/class/net/bonding_masters");
    // The file comes with the kernel module: without it no bond will appear before the next start.
    any = masters !== null;
    for (const master of masters?.split(" ").filter((name) => name !== "") ?? []) {
      const bond = bonds.get(master, () => ({
        series: [
          table.gauge("system.linux.network.bonding.members", "{link}", { master }),
          table.gauge("system.linux.network.bonding.active", "{link}", { master }),
        ],
      }));
      const members = files.line(`/sys/class/net/${master}/bonding/slaves`);
      if (bond === null || members === null) continue;
      const names = members.split(" ").filter((name) => name !== "");
      const active = names.filter((name) => files.line(`/sys/class/net/${name}/bonding_slave/mii_status`) === "up");
      setSeries(bond.series[0]!, names.length, at);
      setSeries(bond.series[1]!, active.length, at);
    }
    bonds.endRound(at);
  };
}
