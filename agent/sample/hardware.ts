import { readFile } from "node:fs";
import type { Clock } from "../clock.ts";
import type { Collector, CollectorContext } from "./collector.ts";
import { Instances, type Series, setSeries } from "./series-table.ts";

const SENSORS_MAX = 128;

/** Reads one file off the hot path: a sensor behind a slow bus takes seconds. null where it cannot be read. */
export type ReadLater = (path: string) => Promise<string | null>;

export const readLater: ReadLater = (path) =>
  new Promise((resolve) => {
    // A sensor without a reading answers with an error; it has no series then.
    readFile(path, "latin1", (error, text) => resolve(error === null ? text : null));
  });

interface Sensor {
  series: readonly Series[];
}

/** Temperatures: hwmon chips and thermal zones, every twenty seconds. */
export function createTemperatureCollector(
  { files, table }: CollectorContext,
  options: { read: ReadLater; clock: Clock },
): Collector {
  const sensors = new Instances<Sensor>(table, SENSORS_MAX);
  let busy = false;

  const take = async (path: string, create: () => Series): Promise<void> => {
    const text = await options.read(path);
    if (text === null || text.trim() === "") return;
    const sensor = sensors.get(path, () => ({ series: [create()] }));
    if (sensor !== null) setSeries(sensor.series[0]!, Number(text) / 1000, options.clock.now());
  };

  const sweep = async (): Promise<void> => {
    for (const chip of files.list("/sys/class/hwmon/")) {
      const folder = `/sys/class/hwmon/${chip}`;
      const inputs = files.list(`${folder}/`).filter((name) => /^temp\d+_input$/.test(name));
      for (const input of inputs) {
        const sensor = input.replace("_input", "");
        const labels = { chip: chipName(files.link(`${folder}/device`), files.line(`${folder}/name`) ?? chip), sensor };
        await take(`${folder}/${input}`, () => table.gauge("hw.temperature", "Cel", labels));
      }
    }
    for (const name of files.list("/sys/class/thermal/").filter((entry) => entry.startsWith("thermal_zone"))) {
      const folder = `/sys/class/thermal/${name}`;
      const labels = { zone: name.slice("thermal_zone".length), type: files.line(`${folder}/type`) ?? "" };
      await take(`${folder}/temp`, () => table.gauge("system.linux.thermal_zone.temperature", "Cel", labels));
    }
    sensors.endRound(options.clock.now());
  };

  return {
    name: "temperature",
    everyMs: 20_000,
    sample() {
      if (busy) return;
      busy = true;
      sweep().then(
        () => (busy = false),
        () => (busy = false),
      );
    },
  };
}

/** As node_exporter names chips: by where the device sits, which is stable, else by the driver's name. */
function chipName(device: string | null, name: string): string {
  const parts = device?.split("/").filter((part) => part !== "" && part !== "..") ?? [];
  const place = parts.slice(-2).join("_");
  return (place === "" ? name : place).replace(/[^a-zA-Z0-9_]/g, "_");
}
