import { expect, test } from "vitest";
import { alertLabel, type Labelled } from "./alert-label.ts";
import { matchesAll } from "./matcher.ts";
import { parseMatchers } from "./matcher-syntax.ts";

const posted = (labels: Labelled["labels"], more: Partial<Labelled> = {}): Labelled => ({
  source: "alertmanager",
  ci: "web-1",
  check: "alert",
  instance: "sda 0123456789abcdef",
  severity: "major",
  labels,
  ...more,
});
const OWN: Labelled = posted({}, { source: "agent", check: "disk_full", instance: "/var" });

test.for<[situation: string, alert: Labelled, matcher: string, holds: boolean]>([
  ["no alertname", posted({ job: "j" }), 'alertname=""', true],
  ["no alertname", posted({ job: "j" }), 'alertname!=""', false],
  ["no alertname", posted({ job: "j" }), 'alertname!="alert"', true],
  ["no alertname", posted({ job: "j" }), 'alertname=~".+"', false],
  ["no alertname", posted({ job: "j" }), 'alertname!~".+"', true],
  ["no alertname", posted({ job: "j" }), 'alertname=~"|x"', true],
  ["no severity", posted({ alertname: "A" }), 'severity=""', true],
  ["no severity", posted({ alertname: "A" }), 'severity=~"major|"', true],
  ["no severity", posted({ alertname: "A" }), 'severity="major"', false],
  ["no severity", posted({ alertname: "A" }), 'severity!~"critical|major"', true],
  ["no instance, without a name", posted({ job: "j" }), 'instance=""', true],
  ["no instance", posted({ alertname: "A" }), 'instance!~".+"', true],
  ["a label", posted({ alertname: "A", instance: "h:1" }), 'instance="h:1"', true],
  ["a label that nobody has", posted({ job: "j" }), 'foo=""', true],
  ["a label that nobody has", posted({ job: "j" }), 'foo!="x"', true],
  ["a label that nobody has", posted({ job: "j" }), 'foo=~"|x"', true],
  ["a label that nobody has", posted({ job: "j" }), 'foo!~".+"', true],
  ["a label that nobody has", posted({ job: "j" }), 'foo!=""', false],
  ["what only we know of it", posted({ job: "j" }), 'ci="web-1"', true],
  ["what only we know of it", posted({ job: "j" }), 'source="alertmanager"', true],
  ["an alert of another sender", OWN, 'alertname="disk_full"', true],
  ["an alert of another sender", OWN, 'severity="major"', true],
  ["an alert of another sender", OWN, 'instance="/var"', true],
  ["an event whose sender calls itself so", { ...OWN, source: "alertmanager" }, 'severity="major"', true],
])("%s %# $2", ([, alert, text, holds]) => {
  const parsed = parseMatchers(text);
  if (parsed.status === "invalid") throw new Error(parsed.message);
  expect(matchesAll(parsed.matchers, (name) => alertLabel(alert, name))).toBe(holds);
});
