import { expect, test } from "vitest";
import { SymptomReader, type Symptom } from "./symptom.ts";

test.for<[tool: string, check: string, symptom: Symptom]>([
  ["nagios", "PING", "gone"],
  ["nagios", "check_http", "errors"],
  ["nagios", "check_tcp", "down"],
  ["nagios", "check_ntp", "clock"],
  ["nagios", "check_cert", "certificate"],
  ["prometheus", "InstanceDown", "gone"],
  ["prometheus", "HighLatencyP99", "slow"],
  ["prometheus", "HighErrorRate", "errors"],
  ["prometheus", "NodeFilesystemAlmostFull", "resource"],
  ["prometheus", "ConsumerLagHigh", "backlog"],
  ["prometheus", "KubeDeploymentReplicasMismatch", "member"],
  ["snmptrap", "linkDown", "link"],
  ["snmptrap", "if_errors", "lossy"],
  ["vcenter", "HostConnectionLost", "gone"],
  ["vcenter", "HostTemperature", "environment"],
  ["cloudwatch", "DatabaseCPUUtilization", "load"],
  ["agent", "process_down", "down"],
  ["agent", "disk_io_wait", "slow"],
  ["wlc", "ap_disassociated", "down"],
  ["home-made", "quux", "other"],
])("%s's %s is %s", ([, check, symptom]) => {
  expect(new SymptomReader().read(check, "")).toBe(symptom);
});

test("where the name says nothing, the text does", () => {
  const reader = new SymptomReader();
  expect(reader.read("rule-17", "the host is unreachable")).toBe("gone");
  expect(reader.read("rule-17", "connection refused")).toBe("down");
  expect(reader.read("rule-17", "response time above 3 s")).toBe("slow");
});
