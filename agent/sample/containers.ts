import { type Container, findContainers } from "../discover/containers.ts";
import type { Collector, CollectorContext } from "./collector.ts";
import type { HostFiles } from "./host-files.ts";
import { Instances, type Series, setSeries } from "./series-table.ts";

const CONTAINERS_MAX = 50;
/** The tree of control groups is walked for new ones this often; those that are known are read each time. */
const FIND_EVERY_MS = 60_000;

interface Seat {
  series: readonly Series[];
  cpu: Series;
  memory: Series;
  limit: Series;
  oomKills: Series;
  processes: Series;
  read: Series;
  written: Series;
}

/** CPU, memory, processes and disk of each container, from its control group (version 2). */
export function createContainersCollector({ files, table }: CollectorContext): Collector {
  const seats = new Instances<Seat>(table, CONTAINERS_MAX);
  let containers: Container[] = [];
  let foundAt = Number.NaN;

  const create = ({ id, runtime }: Container): Seat => {
    const labels = { "container.id": id, "container.runtime": runtime };
    const cpu = table.counter("container.cpu.time", "s", labels);
    const memory = table.gauge("container.memory.usage", "By", labels);
    const limit = table.gauge("container.memory.limit", "By", labels);
    const oomKills = table.counter("container.memory.oom_kills", "{kill}", labels);
    const processes = table.gauge("container.process.count", "{process}", labels);
    const read = table.counter("container.disk.io", "By", { ...labels, "disk.io.direction": "read" });
    const written = table.counter("container.disk.io", "By", { ...labels, "disk.io.direction": "write" });
    const series = [cpu, memory, limit, oomKills, processes, read, written];
    return { series, cpu, memory, limit, oomKills, processes, read, written };
  };

  return {
    name: "containers",
    everyMs: 20_000,
    sample(at) {
      if (!(Math.abs(at - foundAt) < FIND_EVERY_MS)) {
        foundAt = at;
        containers = findContainers(files, CONTAINERS_MAX);
      }
      for (const container of containers) {
        const { path } = container;
        const usage = valueOf(files, `${path}/cpu.stat`, "usage_usec ");
        // Gone since it was found, or a group of version 1.
        if (Number.isNaN(usage)) continue;
        const seat = seats.get(path, () => create(container));
        if (seat === null) continue;
        setSeries(seat.cpu, usage / 1_000_000, at);
        setSeries(seat.memory, files.read(`${path}/memory.current`)?.number() ?? Number.NaN, at);
        // "max" is no number: there is no limit.
        setSeries(seat.limit, files.read(`${path}/memory.max`)?.number() ?? Number.NaN, at);
        setSeries(seat.oomKills, valueOf(files, `${path}/memory.events`, "oom_kill "), at);
        setSeries(seat.processes, files.read(`${path}/pids.current`)?.number() ?? Number.NaN, at);
        sampleDisk(files, path, seat, at);
      }
      seats.endRound(at);
    },
  };
}

function valueOf(files: HostFiles, path: string, key: string): number {
  const reader = files.read(path);
  if (reader === null) return Number.NaN;
  for (; !reader.atEnd; reader.skipLine()) if (reader.accept(key)) return reader.number();
  return Number.NaN;
}

/** `8:0 rbytes=1 wbytes=2 rios=…` for each device; summed. */
function sampleDisk(files: HostFiles, path: string, { read, written }: Seat, at: number): void {
  const reader = files.read(`${path}/io.stat`);
  if (reader === null) return;
  let [readBytes, writtenBytes] = [0, 0];
  for (; !reader.atEnd; reader.skipLine()) {
    reader.skipWord();
    if (reader.accept("rbytes=")) readBytes += reader.number();
    if (reader.accept("wbytes=")) writtenBytes += reader.number();
  }
  setSeries(read, readBytes, at);
  setSeries(written, writtenBytes, at);
}
