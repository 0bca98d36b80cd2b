import type { Collector, CollectorContext } from "./collector.ts";
import { setSeries } from "./series-table.ts";

/** Calls and retransmissions of this host's NFS client: a growing number of retransmissions is a server in trouble. */
export function createNfsCollector({ files, table }: CollectorContext): Collector {
  const calls = table.counter("system.linux.nfs.rpc.calls", "{call}");
  const retransmissions = table.counter("system.linux.nfs.rpc.retransmissions", "{retransmission}");
  return {
    name: "nfs",
    everyMs: 20_000,
    sample(at) {
      const reader = files.read("/proc/net/rpc/nfs");
      if (reader === null) return;
      for (; !reader.atEnd; reader.skipLine()) {
        if (!reader.accept("rpc ")) continue;
        setSeries(calls, reader.number(), at);
        setSeries(retransmissions, reader.number(), at);
      }
    },
  };
}
