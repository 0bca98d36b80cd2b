import { expect, test } from "vitest";
import { CoreDriver, eventAt, T0 } from "../../../test/support/core-driver.ts";
import { alertId, AlertTable } from "./alert-table.ts";
import type { Alert } from "./alert.ts";
import { hashHex } from "./hash.ts";
import { byText } from "./order.ts";

function alertOf(ci: string, check: string): Alert {
  const core = new CoreDriver();
  core.event(eventAt(T0, { ci, check }));
  const alert = core.alert({ ci, check });
  if (alert === undefined) throw new Error("no alert");
  return structuredClone(alert);
}

test("an id is of the identity, and stays what it is: stored data depends on it", () => {
  expect(alertId("web-01", "agent", "cpu", "")).toBe("a-b99921f66281d14b");
  expect(alertId("web-01", "agentcpu", "", "")).not.toBe(alertId("web-01", "agent", "cpu", ""));
  expect(new Set(Array.from({ length: 50_000 }, (_, index) => hashHex(["host", String(index)]))).size).toBe(50_000);
});

test("a CI with many alerts is found by its own index, and by the scan again when they are few", () => {
  const table = new AlertTable();
  const alerts = Array.from({ length: 40 }, (_, index) => alertOf("web-01", `check-${index}`));
  for (const alert of alerts) table.add(alert);
  for (const alert of alerts) expect(table.find("web-01", "agent", alert.check, "")).toBe(alert);
  for (const alert of alerts.slice(0, 35)) table.remove(alert);
  expect(table.find("web-01", "agent", "check-3", "")).toBeUndefined();
  expect(table.find("web-01", "agent", "check-39", "")).toBe(alerts[39]);
  for (const alert of alerts.slice(0, 35)) table.add(alert);
  for (const alert of alerts) expect(table.find("web-01", "agent", alert.check, "")).toBe(alert);
  expect([table.size, table.activeCount]).toEqual([40, 40]);
});

test("in whatever order a restart brings the alerts of a CI, they come by first-seen time, then id", () => {
  const table = new AlertTable();
  const alerts = Array.from({ length: 60 }, (_, index) => alertOf("web-01", `check-${index}`));
  alerts.forEach((alert, index) => (alert.firstSeenAt = T0 + ((index * 37) % 20)));
  for (const alert of alerts) table.add(alert);
  const expected = [...alerts].sort((x, y) => x.firstSeenAt - y.firstSeenAt || byText(x.id, y.id));
  expect(table.activeOn("web-01").map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
});

test("active alerts of a CI come by first-seen time, then id", () => {
  const table = new AlertTable();
  const [a, b, c] = ["x", "y", "z"].map((check) => alertOf("web-01", check));
  if (a === undefined || b === undefined || c === undefined) throw new Error("three alerts");
  a.firstSeenAt = T0 + 2;
  b.firstSeenAt = T0 + 1;
  c.firstSeenAt = T0 + 1;
  for (const alert of [a, b, c]) table.add(alert);
  const second = b.id < c.id ? [b, c] : [c, b];
  expect(table.activeOn("web-01")).toEqual([...second, a]);
  b.status = "resolved";
  table.reindex(b);
  expect(table.activeOn("web-01")).toEqual([c, a]);
});
