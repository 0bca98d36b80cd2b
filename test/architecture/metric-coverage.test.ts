import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { metricHelp } from "../../protocol/metric-help.ts";
import { METRIC_NAMES } from "../../protocol/metric-names.ts";
import { toNodeExporter } from "../../protocol/node-exporter-name.ts";
import { coverageOfMixin, coverageOfReceiver, everySeries, REASONS } from "./metric-coverage.ts";

const all = await everySeries();
const both = [...coverageOfReceiver(all), ...coverageOfMixin(all)];

test("every metric, attribute and value of both specifications is sampled, or has its reason", () => {
  expect(both.length).toBe(89);
  expect(both.flatMap(({ missing }) => missing).filter(({ reason }) => reason === "")).toEqual([]);
});

test("no reason stands there for what is sampled", () => {
  const missing = new Set(both.flatMap((each) => each.missing.map(({ what }) => what)));
  expect(Object.keys(REASONS).filter((what) => !missing.has(what))).toEqual([]);
});

test("types and units are those of the specifications", () => {
  const differing = both.filter(
    ({ wanted, found }) => found !== null && (found.type !== wanted.type || found.unit !== wanted.unit),
  );
  expect(differing.map(({ name, wanted, found }) => ({ name, wanted, found }))).toEqual([]);
});

test("the guide names those of the mixin that are there, and no others", () => {
  const guide = readFileSync(new URL("../../docs/guide/prometheus.md", import.meta.url), "utf8");
  const [, list = ""] =
    /The 45 Linux metrics that node-mixin reads are all there[^\n]*\n\n(.*?)\n\n/s.exec(guide) ?? [];
  const named = [...list.matchAll(/`(node_\w+)`/g)].map(([, name = ""]) => name);
  const found = coverageOfMixin(all).filter((each) => each.found !== null);
  expect(named.sort()).toEqual(found.map(({ name }) => name).sort());
  expect(named).toHaveLength(45);
});

test("what a collector does not make any more is noticed", () => {
  const without = all.filter(
    ({ name }) => !["system.linux.pressure.time", "system.cpu.load_average.1m"].includes(name),
  );
  const noticed = [...coverageOfReceiver(without), ...coverageOfMixin(without)].flatMap(({ missing }) => missing);
  expect(noticed.filter(({ reason }) => reason === "").map(({ what }) => what)).toEqual([
    "system.cpu.load_average.1m",
    "node_load1",
  ]);
});

/** Of a host's own text files; their authors say what they mean. */
const FOREIGN = ["backup_last_success_seconds"];

test("every metric of the agent says what it is", () => {
  const sampled = all.filter(
    ({ name, labels }) => (toNodeExporter(name, labels)?.row.help ?? metricHelp(name)) === undefined,
  );
  expect([...new Set(sampled.map(({ name }) => name))]).toEqual(FOREIGN);
  const root = new URL("../../agent/", import.meta.url).pathname;
  const named = globSync("**/*.ts", { cwd: root, exclude: (path) => path.endsWith(".test.ts") }).flatMap((path) =>
    [...readFileSync(root + path, "utf8").matchAll(/\.(?:gauge|counter)\(\s*"([\w.]+)"/g)].map(([, name = ""]) => name),
  );
  expect(named).toContain("tocsin.agent.build");
  const covered = new Set(METRIC_NAMES.map(({ otel }) => otel));
  expect(named.filter((name) => !covered.has(name) && metricHelp(name) === undefined)).toEqual([]);
});
