import type { Ci, CmdbDocument, Relation } from "../../collector/core/model/ci.ts";
import { DEFAULT_SETTINGS } from "../../collector/core/model/settings.ts";
import { createState } from "../../collector/core/state.ts";
import { nextWakeAt, step } from "../../collector/core/step.ts";
import { eventAt } from "../support/core-driver.ts";

/**
 * Prints what one event of one large storm costs the core, in processor time: every host fails within a short time, is
 * told of again, and clears. The cost should not grow with the storm.
 *
 *   node test/performance/storm-scale.ts [hosts …]
 */
const HOSTS_A_RACK = 20;
const EVENTS_PER_SECOND = 2000;
const START = Date.parse("2026-03-01T00:00:00.000Z");

function document(hosts: number): CmdbDocument {
  const relations: Relation[] = [];
  const ids = new Map<string, string>([["core", "router"]]);
  const relate = (from: string, to: string): void => {
    relations.push({ from, type: "connectsTo", to, source: "cmdb", confidence: 1, lastSeenAt: null });
  };
  for (let host = 0; host < hosts; host += 1) {
    const rack = `sw-${Math.floor(host / HOSTS_A_RACK)}`;
    if (!ids.has(rack)) relate(rack, "core");
    ids.set(rack, "switch").set(`host-${host}`, "host");
    relate(`host-${host}`, rack);
  }
  const cis = [...ids].map(
    ([id, type]): Ci => ({
      id,
      type,
      name: id,
      aliases: [],
      labels: {},
      owner: null,
      criticality: 3,
      minHealthy: null,
      known: true,
    }),
  );
  return { vantage: ["core"], cis, relations, maintenance: [] };
}

function measure(hosts: number): void {
  const routes = [{ match: {}, receivers: ["oncall"], continue: false }];
  const state = createState({ cmdb: document(hosts), settings: { ...DEFAULT_SETTINGS, routes } });
  let count = 0;
  const costs = (["firing", "firing", "resolved"] as const).map((status) => {
    const before = process.cpuUsage();
    for (let host = 0; host < hosts; host += 1) {
      count += 1;
      const at = START + Math.floor((count * 1000) / EVENTS_PER_SECOND);
      for (let wake = nextWakeAt(state); wake !== null && wake <= at; wake = nextWakeAt(state))
        step(state, { kind: "tick", at: wake });
      const summary = "CRITICAL - host unreachable";
      step(state, { kind: "event", at, event: eventAt(at, { ci: `host-${host}`, check: "ping", status, summary }) });
    }
    const { user, system } = process.cpuUsage(before);
    return ((user + system) / hosts).toFixed(1);
  });
  const [begun, again, cleared] = costs;
  console.log(`${hosts} hosts: ${begun} µs a new alert, ${again} µs a re-notification, ${cleared} µs a clear`);
}

for (const hosts of process.argv.length > 2 ? process.argv.slice(2).map(Number) : [1000, 10_000, 100_000]) {
  measure(hosts);
}
