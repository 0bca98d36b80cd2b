import type { ByteReader } from "./byte-reader.ts";
import type { Collector, CollectorContext } from "./collector.ts";
import { Instances, type Series, setSeries } from "./series-table.ts";

/** USER_HZ: the unit of /proc/stat is 1/100 s on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
/** The columns of /proc/stat, by OpenTelemetry's names. `guest` is contained in `user`, so it is not counted again. */
const STATES = ["user", "nice", "system", "idle", "wait", "interrupt", "softirq", "steal"] as const;
/** A machine with more gets its whole and no single CPUs beyond. */
const CPUS_MAX = 256;
/** idle and wait may step back a little on a running CPU; more than this is a CPU that began anew. As node_exporter. */
const JUMP_BACK_SECONDS = 3;

interface Cpu {
  times: readonly Series[];
  utilization: readonly Series[];
  series: readonly Series[];
}

/**
 * CPU time by CPU and state, utilisation, and the other counters of /proc/stat.
 *
 * @param each utilisation by CPU, and not of the host: one of the two, so that who sums does not count twice.
 */
export function createCpuCollector(context: CollectorContext, each = false): Collector {
  const { files, table } = context;
  const cpus = new Instances<Cpu>(table, CPUS_MAX);
  const share = (labels: Record<string, string>): Series[] =>
    STATES.map((state) => table.gauge("system.cpu.utilization", "1", { ...labels, state }));
  const utilization = each ? [] : share({});
  const switches = table.counter("system.linux.context_switches", "{switch}");
  const interrupts = table.counter("system.linux.interrupts", "{interrupt}");
  const bootTime = table.gauge("system.linux.boot_time", "s");
  const created = table.counter("system.processes.created", "{process}");
  const running = table.gauge("system.linux.processes.running", "{process}");
  const blocked = table.gauge("system.linux.processes.blocked", "{process}");
  const logical = table.gauge("system.cpu.logical.count", "{cpu}");
  let before = new Float64Array(STATES.length).fill(Number.NaN);
  let now = new Float64Array(STATES.length);
  const spent = new Float64Array(STATES.length);

  const whole = (reader: ByteReader, at: number): void => {
    let total = 0;
    for (let index = 0; index < STATES.length; index++) {
      now[index] = reader.number();
      total += Math.max(0, now[index]! - before[index]!);
    }
    if (total > 0)
      for (const [index, series] of utilization.entries())
        setSeries(series, Math.max(0, now[index]! - before[index]!) / total, at);
    [before, now] = [now, before];
  };

  const single = (reader: ByteReader, at: number): void => {
    const number = reader.word();
    const cpu = cpus.get(number, () => {
      const labels = { cpu: `cpu${number}` };
      const times = STATES.map((state) => table.counter("system.cpu.time", "s", { ...labels, state }));
      const shares = each ? share(labels) : [];
      return { times, utilization: shares, series: [...times, ...shares] };
    });
    if (cpu === null) return;
    let total = 0;
    for (const [index, series] of cpu.times.entries()) {
      const earlier = series.value;
      setClamped(series, reader.number() / TICKS_PER_SECOND, at);
      spent[index] = Math.max(0, series.value - earlier);
      total += spent[index];
    }
    if (total > 0)
      for (const [index, series] of cpu.utilization.entries()) setSeries(series, spent[index]! / total, at);
  };

  return {
    name: "cpu",
    everyMs: 0,
    sample(at) {
      const reader = files.read("/proc/stat", "short");
      if (reader === null) return;
      let count = 0;
      for (; !reader.atEnd; reader.skipLine()) {
        if (reader.accept("cpu ")) whole(reader, at);
        else if (reader.accept("cpu")) {
          single(reader, at);
          count++;
        } else if (reader.accept("intr ")) setSeries(interrupts, reader.number(), at);
        else if (reader.accept("ctxt ")) setSeries(switches, reader.number(), at);
        else if (reader.accept("btime ")) setSeries(bootTime, reader.number(), at);
        else if (reader.accept("processes ")) setSeries(created, reader.number(), at);
        else if (reader.accept("procs_running ")) setSeries(running, reader.number(), at);
        else if (reader.accept("procs_blocked ")) setSeries(blocked, reader.number(), at);
      }
      setSeries(logical, count, at);
      cpus.endRound(at);
    },
  };
}

/** Holds a counter that steps back a little where it was, and lets a real restart through. */
function setClamped(series: Series, value: number, at: number): void {
  const steppedBack = value < series.value && series.value - value < JUMP_BACK_SECONDS;
  setSeries(series, steppedBack ? series.value : value, at);
}
