import { cpus, freemem, loadavg, totalmem, uptime } from "node:os";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Collector, CollectorContext } from "./collector.ts";
import { Instances, type Series, setSeries } from "./series-table.ts";

/** What the `systeminformation` package tells of other systems, in the parts that we use. */
export interface SystemInformation {
  fsSize(): Promise<
    { fs: string; type: string; size: number; used: number; available: number; mount: string; rw: boolean | null }[]
  >;
  networkStats(interfaces: string): Promise<
    {
      iface: string;
      rx_bytes: number;
      tx_bytes: number;
      rx_errors: number;
      tx_errors: number;
      rx_dropped: number;
      tx_dropped: number;
    }[]
  >;
}

const INSTANCES_MAX = 128;
/** Each of these starts programs on most systems. */
const SLOW_EVERY_MS = 20_000;

/** Hosts that are not Linux: what Node itself knows at each sample, file systems and network now and then by the package. */
export function createPortableCollectors(
  context: CollectorContext,
  deps: { clock: Clock; log: Log; load: () => Promise<SystemInformation> },
): Collector[] {
  return [nodeCollector(context), filesystems(context, deps), networks(context, deps)];
}

const STATES = { user: "user", nice: "nice", sys: "system", idle: "idle", irq: "interrupt" } as const;

function nodeCollector({ table }: CollectorContext): Collector {
  const averages = ["1m", "5m", "15m"].map((span) => table.gauge(`system.cpu.load_average.${span}`, "{thread}"));
  const up = table.gauge("system.uptime", "s");
  const limit = table.gauge("system.memory.limit", "By");
  const free = table.gauge("system.memory.usage", "By", { state: "free" });
  const used = table.gauge("system.memory.usage", "By", { state: "used" });
  return {
    name: "node",
    everyMs: 0,
    sample(at) {
      for (const [index, series] of averages.entries()) setSeries(series, loadavg()[index] ?? Number.NaN, at);
      setSeries(up, uptime(), at);
      setSeries(limit, totalmem(), at);
      setSeries(free, freemem(), at);
      setSeries(used, totalmem() - freemem(), at);
      for (const [index, { times }] of cpus().entries())
        for (const [key, state] of Object.entries(STATES))
          setSeries(
            table.counter("system.cpu.time", "s", { cpu: `cpu${index}`, state }),
            times[key as keyof typeof times] / 1000,
            at,
          );
    },
  };
}

/** One question at a time; a failed one is told once. */
function slowly<T>(
  name: string,
  deps: { log: Log; load: () => Promise<SystemInformation> },
  ask: (information: SystemInformation) => Promise<T>,
  take: (answer: T) => void,
): Collector {
  let busy = false;
  let told = false;
  return {
    name,
    everyMs: SLOW_EVERY_MS,
    sample() {
      if (busy) return;
      busy = true;
      deps
        .load()
        .then(ask)
        .then(take)
        .catch((error: unknown) => {
          if (!told) deps.log.warn("this host does not tell", { check: name, reason: String(error) });
          told = true;
        })
        .finally(() => {
          busy = false;
        });
    },
  };
}

function filesystems(context: CollectorContext, deps: Parameters<typeof createPortableCollectors>[1]): Collector {
  const places = new Instances<{ series: Series[] }>(context.table, INSTANCES_MAX);
  return slowly(
    "filesystem",
    deps,
    (information) => information.fsSize(),
    (found) => {
      const at = deps.clock.now();
      for (const each of found) {
        const labels = {
          device: each.fs,
          mountpoint: each.mount,
          type: each.type,
          mode: each.rw === false ? "ro" : "rw",
        };
        const place = places.get(`${each.fs}\u0000${each.mount}`, () => ({
          series: [
            context.table.gauge("system.filesystem.usage", "By", { ...labels, state: "used" }),
            context.table.gauge("system.filesystem.usage", "By", { ...labels, state: "free" }),
            context.table.gauge("system.filesystem.limit", "By", labels),
          ],
        }));
        for (const [index, value] of [each.used, each.available, each.size].entries())
          if (place !== null) setSeries(place.series[index]!, value, at);
      }
      places.endRound(at);
    },
  );
}

function networks(context: CollectorContext, deps: Parameters<typeof createPortableCollectors>[1]): Collector {
  const links = new Instances<{ series: Series[] }>(context.table, INSTANCES_MAX);
  return slowly(
    "network",
    deps,
    (information) => information.networkStats("*"),
    (found) => {
      const at = deps.clock.now();
      for (const each of found) {
        const link = links.get(each.iface, () => ({
          series: ["io", "errors", "dropped"].flatMap((kind) =>
            ["receive", "transmit"].map((direction) =>
              context.table.counter(`system.network.${kind}`, kind === "io" ? "By" : "1", {
                device: each.iface,
                direction,
              }),
            ),
          ),
        }));
        const values = [each.rx_bytes, each.tx_bytes, each.rx_errors, each.tx_errors, each.rx_dropped, each.tx_dropped];
        for (const [index, value] of values.entries()) if (link !== null) setSeries(link.series[index]!, value, at);
      }
      links.endRound(at);
    },
  );
}
