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

/** What a chip measures: its files, by how much the kernel multiplies, and the series. */
const KINDS: readonly { file: RegExp; factor: number; name: string; unit: string; more?: Record<string, string> }[] = [
  { file: /^(temp\d+)_input$/, factor: 0.001, name: "hw.temperature", unit: "Cel" },
  {
    file: /^(temp\d+)_crit$/,
    factor: 0.001,
    name: "hw.temperature.limit",
    unit: "Cel",
    more: { limit_type: "high.critical" },
  },
  { file: /^(fan\d+)_input$/, factor: 1, name: "hw.fan.speed", unit: "rpm" },
  { file: /^(in\d+)_input$/, factor: 0.001, name: "hw.voltage", unit: "V" },
  { file: /^(power\d+)_(?:input|average)$/, factor: 0.000_001, name: "hw.power", unit: "W" },
];

/** Temperatures, fans, voltages and power of hwmon chips, and thermal zones, every twenty seconds. */
export function createTemperatureCollector(
  { files, table }: CollectorContext,
  options: { read: ReadLater; clock: Clock },
): Collector {
  const sensors = new Instances<Sensor>(table, SENSORS_MAX);
  let busy = false;

  const take = async (path: string, factor: number, create: () => Series): Promise<void> => {
    const text = await options.read(path);
    if (text === null || text.trim() === "") return;
    const sensor = sensors.get(path, () => ({ series: [create()] }));
    if (sensor !== null) setSeries(sensor.series[0]!, Number(text) * factor, options.clock.now());
  };

  const sweep = async (): Promise<void> => {
    for (const chip of files.list("/sys/class/hwmon/")) {
      const folder = `/sys/class/hwmon/${chip}`;
      const name = chipName(files.link(`${folder}/device`), files.line(`${folder}/name`) ?? chip);
      for (const file of files.list(`${folder}/`))
        for (const kind of KINDS) {
          const sensor = kind.file.exec(file)?.[1];
          if (sensor === undefined) continue;
          const labels = { chip: name, sensor, ...kind.more };
          await take(`${folder}/${file}`, kind.factor, () => table.gauge(kind.name, kind.unit, labels));
        }
    }
    for (const name of files.list("/sys/class/thermal/").filter((entry) => entry.startsWith("thermal_zone"))) {
      const folder = `/sys/class/thermal/${name}`;
      const labels = { zone: name.slice("thermal_zone".length), type: files.line(`${folder}/type`) ?? "" };
      await take(`${folder}/temp`, 0.001, () => table.gauge("system.linux.thermal_zone.temperature", "Cel", labels));
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
