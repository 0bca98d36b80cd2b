import { expect, test } from "vitest";
import { prometheusName } from "./prometheus-name.ts";

test.for<[string, Parameters<typeof prometheusName>, string]>([
  ["dots become underscores", ["http.server.active_requests", "gauge", "{request}"], "http_server_active_requests"],
  ["the unit is appended", ["http.server.request.duration", "histogram", "s"], "http_server_request_duration_seconds"],
  ["not twice", ["process_uptime_seconds", "gauge", "s"], "process_uptime_seconds"],
  ["counters end in _total", ["my.requests", "counter", "1"], "my_requests_total"],
  ["once", ["http_requests_total", "counter", ""], "http_requests_total"],
  ["after the unit", ["disk.total.io", "counter", "By"], "disk_total_io_bytes_total"],
  ["a ratio says so", ["system.cpu.utilization", "gauge", "1"], "system_cpu_utilization_ratio"],
  ["a state of unit 1 is no ratio", ["tocsin.check.up", "gauge", "1"], "tocsin_check_up"],
  ["a gauge's count is no histogram's", ["system.cpu.logical.count", "gauge", "{cpu}"], "system_cpu_logical"],
  ["a rate", ["net.speed", "gauge", "By/s"], "net_speed_bytes_per_second"],
  ["a unit of its own", ["queue.age", "gauge", "fortnight"], "queue_age_fortnight"],
  ["a leading digit", ["2xx.answers", "gauge", ""], "_2xx_answers"],
  ["nothing usable", ["größe!", "gauge", ""], "gr_e"],
  ["nothing at all", ["...", "gauge", ""], ""],
])("names: %s", ([, parameters, expected]) => {
  expect(prometheusName(...parameters)).toBe(expected);
});
