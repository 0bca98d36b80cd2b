import type { Collector, CollectorContext } from "./collector.ts";
import { Instances, type Series, setSeries } from "./series-table.ts";

const CPUS = "/sys/devices/system/cpu/";
/** Asking a driver for its frequency may wake the CPU: no more than these, and seldom. */
const CPUS_MAX = 64;
/** What is soldered need not be counted often. */
const COUNT_EVERY = 30;

/** Frequencies and throttling of each CPU, and how many cores there are. */
export function createCpuHardwareCollector({ files, table }: CollectorContext): Collector {
  const physical = table.gauge("system.cpu.physical.count", "{cpu}");
  const cpus = new Instances<{ series: readonly Series[] }>(table, 2 * CPUS_MAX);
  let samples = 0;

  const number = (path: string): number => files.read(path)?.number() ?? Number.NaN;

  const countCores = (names: readonly string[]): number => {
    const cores = names.map((name) => {
      const folder = `${CPUS}${name}/topology/`;
      return `${number(`${folder}physical_package_id`)} ${number(`${folder}core_id`)}`;
    });
    return new Set(cores.filter((core) => !core.includes("NaN"))).size;
  };

  return {
    name: "cpuHardware",
    everyMs: 20_000,
    sample(at) {
      const names = files.list(CPUS).filter((name) => /^cpu\d+$/.test(name));
      if (samples++ % COUNT_EVERY === 0) physical.value = countCores(names);
      if (physical.value > 0) setSeries(physical, physical.value, at);
      for (const cpu of names.slice(0, CPUS_MAX)) {
        const frequency = number(`${CPUS}${cpu}/cpufreq/scaling_cur_freq`);
        const throttles = number(`${CPUS}${cpu}/thermal_throttle/core_throttle_count`);
        if (Number.isNaN(frequency) && Number.isNaN(throttles)) continue;
        const known = cpus.get(cpu, () => ({
          series: [
            table.gauge("system.cpu.frequency", "Hz", { cpu }),
            table.counter("system.linux.cpu.throttles", "{throttle}", { cpu }),
          ],
        }));
        if (known === null) continue;
        // The kernel counts in kHz.
        setSeries(known.series[0]!, frequency * 1000, at);
        setSeries(known.series[1]!, throttles, at);
      }
      cpus.endRound(at);
    },
  };
}
