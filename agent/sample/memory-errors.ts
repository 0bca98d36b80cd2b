import type { Collector, CollectorContext } from "./collector.ts";
import { Instances, type Series, setSeries } from "./series-table.ts";

const CONTROLLERS = "/sys/devices/system/edac/mc/";
const CONTROLLERS_MAX = 32;

/** Errors that the memory controllers corrected, and those that they could not (EDAC). */
export function createMemoryErrorsCollector({ files, table }: CollectorContext): Collector {
  const controllers = new Instances<{ series: readonly Series[] }>(table, CONTROLLERS_MAX);
  return {
    name: "memoryErrors",
    everyMs: 20_000,
    sample(at) {
      for (const name of files.list(CONTROLLERS)) {
        const controller = /^mc(\d+)$/.exec(name)?.[1];
        if (controller === undefined) continue;
        const known = controllers.get(name, () => ({
          series: [
            table.counter("system.linux.edac.corrected", "{error}", { controller }),
            table.counter("system.linux.edac.uncorrected", "{error}", { controller }),
          ],
        }));
        for (const [index, file] of ["ce_count", "ue_count"].entries())
          if (known !== null)
            setSeries(known.series[index]!, files.read(`${CONTROLLERS}${name}/${file}`)?.number() ?? Number.NaN, at);
      }
      controllers.endRound(at);
    },
  };
}
