import { expect, test } from "vitest";
import { cmdbOf, CoreDriver, minutes, ONE_ROUTE, seconds, T0 } from "../../../test/support/core-driver.ts";
import { parseMatchers } from "../model/matcher-syntax.ts";
import type { Matcher } from "../model/silence.ts";

const matchers = (text: string): Matcher[] => {
  const parsed = parseMatchers(text);
  if (parsed.status === "invalid") throw new Error(parsed.message);
  return parsed.matchers;
};
/** Alerts as Alertmanager's API brings them: two lack a name, two a severity, three `foo`. */
const POSTED = [
  { alertname: "A", severity: "critical", foo: "x" },
  { alertname: "B" },
  { severity: "warning" },
  { job: "j" },
];

function muted(core: CoreDriver): string[] {
  const events = POSTED.map((labels, index) => ({
    ci: `host-${index}`,
    source: "alertmanager",
    check: labels.alertname ?? "alert",
    instance: `${index}123456789abcdef`,
    severity: "critical" as const,
    labels: { ...labels } as Record<string, string>,
  }));
  core.event({ ci: "boss", check: "boss", labels: { kind: "boss" } });
  for (const event of events) core.event(event);
  core.to(minutes(1));
  return events.filter((event) => core.alert(event)?.suppressedBy.length === 1).map(({ ci }) => ci.slice(-1));
}

test.for<[text: string, expected: string[]]>([
  ['alertname="", ci=~"host.*"', ["2", "3"]],
  ['alertname!="A", ci=~"host.*"', ["1", "2", "3"]],
  ['alertname!~".+", ci=~"host.*"', ["2", "3"]],
  ['alertname=~"|A", ci=~"host.*"', ["0", "2", "3"]],
  ['severity="", ci=~"host.*"', ["1", "3"]],
  ['severity!="", ci=~"host.*"', ["0", "2"]],
  ['foo="", ci=~"host.*"', ["1", "2", "3"]],
  ['foo!="x", ci=~"host.*"', ["1", "2", "3"]],
  ['foo=~".+", ci=~"host.*"', ["0"]],
])("a label that is missing is empty to a silence and to an inhibition: %s", ([text, expected]) => {
  const silenced = new CoreDriver();
  const silence = { id: "s", startsAt: seconds(0), endsAt: minutes(60), createdBy: "anna", comment: "" };
  silenced.command({
    type: "silence.put",
    silence: { ...silence, matchers: matchers(text), createdAt: seconds(0), updatedAt: seconds(0) },
  });
  expect(muted(silenced)).toEqual(expected);
  const inhibitions = [{ source: matchers('kind="boss"'), target: matchers(text), equal: ["nobodyHasThis"] }];
  expect(muted(new CoreDriver({ settings: { ...ONE_ROUTE, inhibitions } }))).toEqual(expected);
});

test("a window of the CMDB holds again when a person's of the same id is removed, and is not removed itself", () => {
  const window = { id: "mw", cis: ["hv-1"], to: minutes(60), includeDependents: true, reason: "", owner: null };
  const cmdb = { ...cmdbOf(["vm-1 runsOn hv-1"]), maintenance: [{ ...window, from: T0 }] };
  const core = new CoreDriver({ cmdb });
  const muted = (): readonly string[] | undefined => core.alert({ ci: "vm-1" })?.suppressedBy;
  core.event({ ci: "vm-1" });
  expect(core.command({ type: "maintenance.remove", id: "mw" })).toMatchObject({ code: "maintenanceDeclared" });
  expect(muted()).toEqual(["maintenance:mw"]);
  core.command({ type: "maintenance.put", window: { ...window, from: minutes(50) } });
  expect(muted()).toEqual([]);
  expect(core.command({ type: "maintenance.remove", id: "mw" })).toMatchObject({ status: "accepted" });
  expect(muted()).toEqual(["maintenance:mw"]);
  core.to(minutes(59));
  expect(new CoreDriver({ cmdb, after: core }).state.mutes.windows()).toEqual(core.state.mutes.windows());
  core.to(minutes(66));
  expect(muted()).toEqual([]);
});
