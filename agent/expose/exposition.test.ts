import { expect, test } from "vitest";
import { SeriesTable, setSeries } from "../sample/series-table.ts";
import { renderExposition } from "./exposition.ts";

test("what node_exporter does not have is named as the collector names it, and says what it is", () => {
  const table = new SeriesTable();
  setSeries(table.gauge("system.cpu.logical.count", "{cpu}"), 4, 10);
  setSeries(table.gauge("system.cpu.utilization", "1", { state: "idle" }), 0.5, 10);
  setSeries(table.counter("tocsin.agent.cpu.time", "s"), 2, 10);
  setSeries(table.gauge("tocsin.ping.rtt", "s", { host: 'a"b' }), 0.25, 10);
  setSeries(table.gauge("backup_last_success_seconds", "1"), 9, 10);
  setSeries(table.gauge("system.cpu.load_average.1m", "{thread}"), 1, 9);
  expect(
    renderExposition(
      table.metrics().flatMap(({ points }) => points),
      10,
    ).split("\n"),
  ).toEqual([
    "# HELP system_cpu_logical Logical CPUs that are online.",
    "# TYPE system_cpu_logical gauge",
    "system_cpu_logical 4",
    "# HELP system_cpu_utilization_ratio Share of all CPU time in each state since the sample before, 0 to 1.",
    "# TYPE system_cpu_utilization_ratio gauge",
    'system_cpu_utilization_ratio{state="idle"} 0.5',
    "# HELP tocsin_agent_cpu_time_seconds_total Seconds of CPU that the agent has used.",
    "# TYPE tocsin_agent_cpu_time_seconds_total counter",
    "tocsin_agent_cpu_time_seconds_total 2",
    "# HELP tocsin_ping_rtt_seconds Seconds until an echo request was answered.",
    "# TYPE tocsin_ping_rtt_seconds gauge",
    'tocsin_ping_rtt_seconds{host="a\\"b"} 0.25',
    "# HELP backup_last_success_seconds backup_last_success_seconds",
    "# TYPE backup_last_success_seconds gauge",
    "backup_last_success_seconds 9",
    "",
  ]);
});
