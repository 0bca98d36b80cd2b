import { type Series, type SeriesTable, setSeries } from "./sample/series-table.ts";
import type { ClockOffset } from "./send/clock-offset.ts";
import type { Sender } from "./send/sender.ts";
import { DROP_REASONS, LANES, type Spool } from "./spool/spool.ts";

export interface OwnSources {
  table: SeriesTable;
  spool: Spool;
  sender: Sender;
  offset: ClockOffset;
  version: string;
  /** Of this process, milliseconds since 1970. */
  startedAt: number;
}

/** The agent's own series: what it costs, what it could not send, and how it gets on with its collector. */
export class OwnMetrics {
  readonly #set: ((at: number) => void)[] = [];

  constructor(sources: OwnSources) {
    const { table, spool, sender, version, startedAt } = sources;
    const build = table.gauge("tocsin.agent.build", "1", { version, node: process.version });
    this.#add(build, () => 1);
    this.#add(table.gauge("tocsin.agent.memory.usage", "By"), () => process.memoryUsage.rss());
    const cpu = table.counter("tocsin.agent.cpu.time", "s");
    this.#add(cpu, () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1_000_000;
    });
    this.#add(table.gauge("tocsin.agent.spool.size", "By"), () => spool.sizeBytes);
    this.#add(table.gauge("tocsin.agent.series.count", "{series}"), () => table.size);
    this.#add(table.counter("tocsin.agent.series.refused", "{series}"), () => table.refused);
    cpu.startedAt = startedAt;
    this.#set.push((at) => {
      const { offsetMs } = sources.offset;
      if (offsetMs !== null) setSeries(table.gauge("tocsin.agent.clock.offset", "s"), offsetMs / 1000, at);
    });
    for (const lane of LANES) {
      this.#add(table.gauge("tocsin.agent.spool.pending", "{item}", { lane }), () => spool.pending(lane).items);
      for (const reason of DROP_REASONS)
        this.#add(table.counter("tocsin.agent.dropped", "{item}", { lane, reason }), () => spool.dropped(lane)[reason]);
    }
    for (const outcome of ["accepted", "refused", "unauthorized", "retry"] as const) {
      const requests = table.counter("tocsin.agent.requests", "{request}", { outcome });
      requests.startedAt = startedAt;
      this.#add(requests, () => sender.requests[outcome]);
    }
  }

  sample(at: number): void {
    for (const set of this.#set) set(at);
  }

  #add(series: Series, read: () => number): void {
    this.#set.push((at) => setSeries(series, read(), at));
  }
}
