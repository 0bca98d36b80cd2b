import { expect, test } from "vitest";
import type { Sample } from "../../protocol/sample.ts";
import { escapeLabel, labelName, toPrometheus } from "./prometheus-names.ts";

const sample = (name: string, more: Partial<Sample> = {}): Sample => ({
  name,
  labels: {},
  value: 1,
  at: 1,
  type: "gauge",
  unit: "",
  ...more,
});

test("node_exporter's names where the table has them", () => {
  expect(
    toPrometheus(sample("system.cpu.time", { type: "counter", unit: "s", labels: { cpu: "cpu0", state: "wait" } })),
  ).toEqual({
    family: "node_cpu_seconds_total",
    type: "counter",
    help: "Seconds the CPUs spent in each mode.",
    name: "node_cpu_seconds_total",
    labels: [
      ["cpu", "0"],
      ["mode", "iowait"],
    ],
  });
  expect(toPrometheus(sample("system.paging.faults", { type: "counter", labels: { type: "major" } }))).toMatchObject({
    name: "node_vmstat_pgmajfault",
    type: "unknown",
  });
});

test("parts of a histogram share the family", () => {
  const part = (name: string, labels = {}): unknown =>
    toPrometheus(sample(name, { type: "counter", unit: "s", family: "histogram", labels }));
  expect(part("rpc.duration_bucket", { le: "0.5" })).toMatchObject({
    family: "rpc_duration_seconds",
    type: "histogram",
    name: "rpc_duration_seconds_bucket",
  });
  expect(part("rpc.duration_sum")).toMatchObject({ family: "rpc_duration_seconds", name: "rpc_duration_seconds_sum" });
  expect(part("rpc.duration_count")).toMatchObject({ name: "rpc_duration_seconds_count" });
});

test.for<[string, string]>([
  ["http.method", "http_method"],
  ["1st", "key_1st"],
  ["__name__", "_name__"],
  ["ci", "exported_ci"],
  ["service.name", "exported_service_name"],
  ["", "key_"],
])("label %s → %s", ([key, name]) => {
  expect(labelName(key)).toBe(name);
});

test("labels that become one are joined; values are escaped", () => {
  expect(toPrometheus(sample("x", { labels: { "a.b": "1", a_b: "2" } }))?.labels).toEqual([["a_b", "1;2"]]);
  expect(escapeLabel('C:\\dir "x"\nnext')).toBe('C:\\\\dir \\"x\\"\\nnext');
});
