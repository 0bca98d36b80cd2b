import { TIMER_SLACK_MS } from "../clock.ts";
import type { Sockets } from "../discover/socket-table.ts";
import type { Collector, CollectorContext } from "./collector.ts";
import { type Series, setSeries } from "./series-table.ts";

/** By the kernel's numbers (include/net/tcp_states.h), in OpenTelemetry's words. */
const STATES: Readonly<Record<string, string>> = {
  "01": "ESTABLISHED",
  "02": "SYN_SENT",
  "03": "SYN_RECV",
  "04": "FIN_WAIT_1",
  "05": "FIN_WAIT_2",
  "06": "TIME_WAIT",
  "07": "CLOSE",
  "08": "CLOSE_WAIT",
  "09": "LAST_ACK",
  "0A": "LISTEN",
  "0B": "CLOSING",
};
/** The kernel walks its whole table for it, some milliseconds: so once a minute, and that count is held. */
const COUNT_EVERY_MS = 60_000;

/** TCP connections by state; of the first 20,000. */
export function createConnectionsCollector({ table }: CollectorContext, sockets: Sockets): Collector {
  const series = new Map<string, Series>(
    Object.entries(STATES).map(([code, state]) => [
      code,
      table.gauge("system.network.connections", "{connection}", { protocol: "tcp", state }),
    ]),
  );
  const counts = new Map<string, number>();
  let countedAt = Number.NaN;

  const count = (): void => {
    for (const code of series.keys()) counts.set(code, 0);
    for (const { code, count: lines } of sockets()) counts.set(code, (counts.get(code) ?? 0) + lines);
  };

  return {
    name: "connections",
    everyMs: 0,
    sample(at) {
      if (!(Math.abs(at - countedAt) < COUNT_EVERY_MS - TIMER_SLACK_MS)) {
        countedAt = at;
        count();
      }
      for (const [code, each] of series) setSeries(each, counts.get(code) ?? 0, at);
    },
  };
}
