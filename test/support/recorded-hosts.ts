import { readdirSync, readFileSync } from "node:fs";
import { readSockets } from "../../agent/discover/socket-table.ts";
import type { StatFs } from "../../agent/sample/filesystem.ts";
import { ProcessFocus } from "../../agent/sample/process-focus.ts";
import { createLinuxCollectors } from "../../agent/sample/linux.ts";
import { createTemperatureCollector } from "../../agent/sample/hardware.ts";
import { type Series, SeriesTable } from "../../agent/sample/series-table.ts";
import { createTimeSyncCollector } from "../../agent/sample/time-sync.ts";
import { createUnitsCollector } from "../../agent/sample/units.ts";
import type { UnitsLook } from "../../agent/bus/systemd.ts";
import { createLog } from "../../agent/log.ts";
import { RecordedHostFiles } from "./recorded-host-files.ts";
import { VirtualClock } from "./virtual-clock.ts";

const FOLDER = new URL("hosts/", import.meta.url);
const START = 1_772_000_000_000;
const ROUND_MS = 20_000;

export const RECORDED_HOSTS: readonly string[] = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".txt"))
  .map((name) => name.replace(".txt", ""))
  .sort();

/** The rounds of a recording: path → content. */
export function recordedRounds(name: string): Record<string, string>[] {
  const text = readFileSync(new URL(`${name}.txt`, FOLDER), "utf8");
  return text
    .split(/^ROUND \d+\n/m)
    .slice(1)
    .map((round) =>
      Object.fromEntries(
        round
          .split(/^FILE /m)
          .slice(1)
          .map((file): [string, string] => {
            const split = file.indexOf("\n");
            return [file.slice(0, split), file.slice(split + 1)];
          }),
      ),
    );
}

const silent = (): Promise<null> => Promise.resolve(null);
const SILENT = { chrony: silent, ntpd: silent, timesyncd: silent, timedated: silent };

export interface SampledSeries {
  collector: string;
  series: Series;
}

/** Every series that the agent makes of a recorded host, with the collector that makes it. */
export async function sampleRecorded(name: string): Promise<SampledSeries[]> {
  const rounds = recordedRounds(name);
  // What is loaded when it is first needed is there in a few turns then.
  await import("../../agent/sample/textfile-format.ts");
  const files = new RecordedHostFiles(rounds[0] ?? {});
  const found: SampledSeries[] = [];
  const clock = new VirtualClock(START);
  for (const { table, collector } of collectorsOf(files, clock)) {
    for (const [index, round] of [...rounds, rounds.at(-1) ?? {}].entries()) {
      for (const [path, content] of Object.entries(round)) files.contents.set(path, content);
      collector.sample(START + index * ROUND_MS);
      // Those that read off the hot path answer in a later turn.
      for (let turn = 0; turn < 50; turn++) await Promise.resolve();
    }
    for (const series of table.metrics().flatMap((metric) => metric.points))
      if (series.at > 0) found.push({ collector: collector.name, series });
  }
  return found;
}

const lookAtOneUnit = (): Promise<UnitsLook> =>
  Promise.resolve({
    counts: new Map([["active", 1]]),
    units: [
      {
        name: "ssh.service",
        type: "notify",
        restarts: 1,
        loadState: "loaded",
        activeState: "active",
        subState: "running",
        path: "/",
      },
    ],
    leftOut: 0,
  });

function collectorsOf(files: RecordedHostFiles, clock: VirtualClock) {
  const log = createLog(
    "error",
    () => undefined,
    () => START,
  );
  const focus = new ProcessFocus(5);
  focus.watch(["1"]);
  const state = { bsize: 4096, blocks: 1000, bfree: 400, bavail: 350, files: 500, ffree: 450 };
  const statFs: StatFs = { now: () => state, later: (_path, done) => done(state) };
  const options = {
    clock,
    log,
    statFs,
    sockets: () => readSockets(files),
    disabled: [],
    excludedMounts: [],
    units: null,
    eachCpu: false,
    textfiles: [new URL("testdata/textfile", import.meta.url).pathname],
    focus,
  };
  const names = createLinuxCollectors({ files, table: new SeriesTable() }, options).map((each) => each.name);
  return names.map((name) => {
    const table = new SeriesTable();
    const context = { files, table };
    if (name === "temperature")
      return {
        table,
        collector: createTemperatureCollector(context, {
          clock,
          read: (path) => Promise.resolve(files.contents.get(path) ?? null),
        }),
      };
    if (name === "timeSync")
      return {
        table,
        collector: createTimeSyncCollector(context, {
          clock,
          exists: (path) => path === "/run/chrony/chronyd.pid",
          services: {
            ...SILENT,
            chrony: () =>
              Promise.resolve({
                synchronized: true,
                offsetSeconds: 0.001,
                errorSeconds: 0.01,
                estimatedErrorSeconds: 0.0001,
              }),
          },
        }),
      };
    if (name === "units")
      return {
        table,
        collector: createUnitsCollector(context, {
          clock,
          log,
          include: null,
          exists: () => true,
          look: lookAtOneUnit,
        }),
      };
    const disabled = names.filter((other) => other !== name);
    const [collector] = createLinuxCollectors(context, { ...options, disabled });
    return { table, collector: collector! };
  });
}
