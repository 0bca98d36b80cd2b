import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadCmdb } from "../../collector/cmdb/load.ts";
import { Influence } from "../../collector/core/model/influence.ts";
import { Topology } from "../../collector/core/model/topology.ts";

/**
 * Prints what 100,000 CIs and 500,000 relations take: the document as it is loaded, the graph, and what is worked out of
 * it. Heap is counted after a full collection; what is resident also has what the engine has not given back yet.
 *
 *   node --expose-gc test/performance/cmdb-memory.ts
 */
const CIS = 100_000;
const RELATIONS = 500_000;
const RACKS = 2000;
const HOSTS = 40_000;
const DATABASES = 6000;

interface Declared {
  cis: Record<string, unknown>[];
  relations: { from: string; type: string; to: string }[];
}

function declared(): Declared {
  const cis: Declared["cis"] = [{ id: "core-1", type: "router", criticality: 1 }];
  const relations = new Map<string, Declared["relations"][number]>();
  const relate = (from: string, type: string, to: string): void => {
    if (from !== to) relations.set(`${from} ${type} ${to}`, { from, type, to });
  };
  for (let rack = 0; rack < RACKS; rack += 1) {
    cis.push({ id: `rack-${rack}`, type: "rack" }, { id: `sw-${rack}`, type: "switch", criticality: 2 });
    relate(`sw-${rack}`, "connectsTo", "core-1");
    relate(`sw-${rack}`, "containedIn", `rack-${rack}`);
  }
  for (let host = 0; host < HOSTS; host += 1) {
    const labels = { site: `s${host % 9}`, env: "prod" };
    cis.push({ id: `host-${host}`, type: host % 2 === 0 ? "vm" : "host", labels, criticality: 1 + (host % 4) });
    relate(`host-${host}`, "connectsTo", `sw-${host % RACKS}`);
    relate(`host-${host}`, "containedIn", `rack-${host % RACKS}`);
  }
  for (let database = 0; database < DATABASES; database += 1) {
    cis.push({ id: `db-${database}`, type: "database", criticality: 2 });
    relate(`db-${database}`, "runsOn", `host-${(database * 7) % HOSTS}`);
  }
  const apps = CIS - cis.length;
  for (let app = 0; app < apps; app += 1) {
    cis.push({ id: `app-${app}`, type: "application", owner: `team-${app % 40}` });
    relate(`app-${app}`, "runsOn", `host-${app % HOSTS}`);
    relate(`app-${app}`, "dependsOn", `db-${app % DATABASES}`);
  }
  for (let n = 0; relations.size < RELATIONS; n += 1)
    relate(`app-${(n * 31) % apps}`, "uses", `app-${(n * 17 + 5 + Math.floor(n / apps) * 101) % apps}`);
  return { cis, relations: [...relations.values()] };
}

function tell(what: string): void {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  const [heap, resident] = [heapUsed + arrayBuffers, rss].map((bytes) => (bytes / 1024 / 1024).toFixed(0));
  console.log(`${what.padEnd(12)} heap ${heap} MiB, resident ${resident} MiB`);
}

const folder = mkdtempSync(join(tmpdir(), "tocsin-cmdb-memory-"));
try {
  const file = join(folder, "cmdb.json");
  const text = (): string => JSON.stringify({ vantage: ["core-1"], ...declared() });
  writeFileSync(file, text());
  tell("at first");
  const options = { sizeMaxBytes: 1024 * 1024 * 1024, source: "cmdb", observedAt: null };
  const result = await loadCmdb({ file, text: null, options, elsewhere: [] });
  if (result.status === "broken") throw new Error(JSON.stringify(result.findings[0]));
  tell("document");
  const topology = new Topology(result.document);
  tell("graph");
  const influence = new Influence(topology);
  tell("influence");
  console.log(`${influence.topology.size} CIs, ${topology.relations} relations`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
