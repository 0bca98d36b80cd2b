import type { Collector, CollectorContext } from "./collector.ts";
import { type Series, type SeriesTable, setSeries } from "./series-table.ts";

/** Procedures in the order in which the kernel counts them: fs/nfs/nfs3xdr.c and enum NFSPROC4_CLNT of include/linux/nfs4.h. */
const PROCEDURES: Readonly<Record<string, readonly string[]>> = {
  "3": words(
    "Null GetAttr SetAttr Lookup Access ReadLink Read Write Create MkDir SymLink MkNod Remove RmDir Rename Link ReadDir ReadDirPlus FsStat FsInfo PathConf Commit",
  ),
  "4": words(
    "Null Read Write Commit Open OpenConfirm OpenNoattr OpenDowngrade Close Setattr FsInfo Renew SetClientID SetClientIDConfirm Lock Lockt Locku Access Getattr Lookup LookupRoot Remove Rename Link Symlink Create Pathconf StatFs ReadLink ReadDir ServerCaps DelegReturn GetACL SetACL FsLocations ReleaseLockowner Secinfo FsidPresent ExchangeID CreateSession DestroySession Sequence GetLeaseTime ReclaimComplete LayoutGet GetDeviceInfo LayoutCommit LayoutReturn SecinfoNoName TestStateID FreeStateID GetDeviceList BindConnToSession DestroyClientID Seek Allocate DeAllocate LayoutStats Clone",
  ),
};

function words(text: string): readonly string[] {
  return text.split(" ");
}

/**
 * This host's NFS client (calls, retransmissions, procedures that were used) and its server (calls, errors, bytes, threads). A growing
 * number of retransmissions is a server in trouble.
 */
export function createNfsCollector({ files, table }: CollectorContext): Collector {
  const calls = table.counter("system.linux.nfs.rpc.calls", "{call}");
  const retransmissions = table.counter("system.linux.nfs.rpc.retransmissions", "{retransmission}");
  const procedures = new Map<string, Series>();
  const sampleServer = createServerSampler({ files, table });

  /** `proc4 59 0 12 3 …`: how many there are, then one number each. One that was never called has no series. */
  const sampleProcedures = (protocol: string, counts: readonly number[], at: number): void => {
    for (const [index, method] of (PROCEDURES[protocol] ?? []).entries()) {
      const count = counts[index] ?? 0;
      const key = `${protocol} ${method}`;
      let known = procedures.get(key);
      if (known === undefined) {
        if (count === 0) continue;
        known = table.counter("system.linux.nfs.requests", "{request}", { proto: protocol, method });
        procedures.set(key, known);
      }
      setSeries(known, count, at);
    }
  };

  return {
    name: "nfs",
    everyMs: 20_000,
    sample(at) {
      sampleServer(at);
      const reader = files.read("/proc/net/rpc/nfs");
      if (reader === null) return;
      for (; !reader.atEnd; reader.skipLine()) {
        if (reader.accept("rpc ")) {
          setSeries(calls, reader.number(), at);
          setSeries(retransmissions, reader.number(), at);
        } else if (reader.accept("proc")) {
          const protocol = reader.word();
          reader.number();
          const counts: number[] = [];
          while (!reader.atLineEnd) counts.push(reader.number());
          sampleProcedures(protocol, counts, at);
        }
      }
    },
  };
}

function createServerSampler({ files, table }: CollectorContext): (at: number) => void {
  let server: ReturnType<typeof serverSeries> | null = null;
  return (at) => {
    const reader = files.read("/proc/net/rpc/nfsd");
    if (reader === null) return;
    server ??= serverSeries(table);
    for (; !reader.atEnd; reader.skipLine()) {
      if (reader.accept("th ")) setSeries(server.threads, reader.number(), at);
      else if (reader.accept("io "))
        for (const series of [server.read, server.written]) setSeries(series, reader.number(), at);
      else if (reader.accept("rpc ")) {
        setSeries(server.calls, reader.number(), at);
        // All bad calls; then each kind.
        reader.number();
        for (const series of server.errors) setSeries(series, reader.number(), at);
      }
    }
  };
}

function serverSeries(table: SeriesTable) {
  return {
    threads: table.gauge("system.linux.nfsd.threads", "{thread}"),
    read: table.counter("system.linux.nfsd.io", "By", { direction: "read" }),
    written: table.counter("system.linux.nfsd.io", "By", { direction: "write" }),
    calls: table.counter("system.linux.nfsd.rpc.calls", "{call}"),
    errors: ["fmt", "auth", "cInt"].map((error) => table.counter("system.linux.nfsd.rpc.errors", "{error}", { error })),
  };
}
