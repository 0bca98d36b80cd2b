import { NETSTAT_FIELDS, SOCKSTAT_FIELDS } from "../../protocol/metric-names.ts";
import type { ByteReader } from "./byte-reader.ts";
import type { Collector, CollectorContext } from "./collector.ts";
import { type Series, setSeries } from "./series-table.ts";

const COLON = 58;

/** Sockets in use and the TCP and UDP counters that tell trouble: retransmissions, overflowing listeners, errors. */
export function createSocketsCollector({ files, table }: CollectorContext): Collector {
  const sockstat = new Map<string, Series>(
    SOCKSTAT_FIELDS.map((field) => [
      field,
      table.gauge("system.linux.sockstat", field.endsWith("_mem") ? "{page}" : "{socket}", { field }),
    ]),
  );
  const netstat = new Map<string, Series>(
    NETSTAT_FIELDS.map((field) => [field, table.counter("system.linux.netstat", "1", { field })]),
  );
  netstat.set("Tcp_CurrEstab", table.gauge("system.linux.tcp.established", "{connection}"));
  const columns = new Map<string, readonly (Series | undefined)[]>();

  /** `TCP: inuse 5 orphan 0 …`: names and numbers take turns. */
  const sampleSockstat = (at: number): void => {
    const reader = files.read("/proc/net/sockstat", "short");
    if (reader === null) return;
    for (; !reader.atEnd; reader.skipLine()) {
      const protocol = reader.word(COLON);
      reader.skipByte();
      for (let name = reader.word(); name !== ""; name = reader.word()) {
        const series = sockstat.get(`${protocol}_${name}`);
        setTo(series, reader, at);
      }
    }
  };

  /** A line of names, then a line of numbers, for each protocol. The names never change while a kernel runs. */
  const samplePairs = (path: string, at: number): void => {
    const reader = files.read(path, "short");
    if (reader === null) return;
    while (!reader.atEnd) {
      const protocol = reader.word(COLON);
      reader.skipByte();
      let known = columns.get(protocol);
      if (known === undefined) {
        const names = reader.rest().split(" ");
        known = names.map((name) => netstat.get(`${protocol}_${name}`));
        columns.set(protocol, known);
      } else reader.skipLine();
      reader.skipWord();
      for (const series of known) setTo(series, reader, at);
      reader.skipLine();
    }
  };

  return {
    name: "sockets",
    everyMs: 0,
    sample(at) {
      sampleSockstat(at);
      samplePairs("/proc/net/snmp", at);
      samplePairs("/proc/net/netstat", at);
    },
  };
}

function setTo(series: Series | undefined, reader: ByteReader, at: number): void {
  const value = reader.number();
  if (series !== undefined) setSeries(series, value, at);
}
