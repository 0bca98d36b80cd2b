import type { Ci, CmdbDocument, Relation } from "../../collector/core/model/ci.ts";
import { DEFAULT_SETTINGS } from "../../collector/core/model/settings.ts";
import { replayEvents } from "../../collector/runtime/replay.ts";

/**
 * Prints what one event costs, in processor time, while more and more alerts are open: many racks, each with its own switch, alarm one host
 * at a time, so that neighbourhoods stay small while everything else grows. The cost should stay flat.
 *
 *   node test/performance/correlation-scale.ts [open alerts …]
 */
const HOSTS = 5;
const APART_MS = 20_000;
const START = Date.parse("2026-03-01T00:00:00.000Z");

function document(hosts: number): CmdbDocument {
  const cis: Ci[] = [];
  const relations: Relation[] = [];
  const add = (id: string, type: string): void => {
    cis.push({
      id,
      type,
      name: id,
      aliases: [],
      labels: {},
      owner: null,
      criticality: 3,
      minHealthy: null,
      known: true,
    });
  };
  const relate = (from: string, type: string, to: string): void => {
    relations.push({ from, type, to, source: "cmdb", confidence: 1, lastSeenAt: null });
  };
  add("core", "router");
  for (let host = 0; host < hosts; host += 1) {
    const rack = Math.floor(host / HOSTS);
    if (host % HOSTS === 0) {
      add(`sw-${rack}`, "switch");
      relate(`sw-${rack}`, "connectsTo", "core");
    }
    add(`host-${host}`, "host");
    relate(`host-${host}`, "connectsTo", `sw-${rack}`);
  }
  return { vantage: ["core"], cis, relations, maintenance: [] };
}

/** One alert on one host of every rack, twenty seconds apart, so that the racks have nothing to do with one another. */
function* lines(hosts: number): Generator<string> {
  for (let n = 0; n < hosts / HOSTS; n += 1) {
    const host = n * HOSTS;
    const at = new Date(START + n * APART_MS).toISOString();
    yield JSON.stringify({
      receivedAt: at,
      id: `e-${n}`,
      source: "agent",
      ci: `host-${host}`,
      check: "cpu_util",
      status: "firing",
      severity: "warning",
      summary: "CPU utilisation 97 %",
      time: at,
    });
  }
}

for (const open of process.argv.length > 2 ? process.argv.slice(2).map(Number) : [1000, 5000, 10_000]) {
  const hosts = open * HOSTS;
  const cmdb = document(hosts);
  const events = [...lines(hosts)];
  const start = process.cpuUsage();
  const result = await replayEvents({
    cmdb,
    settings: DEFAULT_SETTINGS,
    lines: events,
    until: START + events.length * APART_MS,
  });
  const { user, system } = process.cpuUsage(start);
  const each = ((user + system) / events.length).toFixed(0);
  console.log(`${open} open alerts, ${cmdb.cis.length} CIs: ${each} µs an event, ${result.stats.incidents} incidents`);
}
