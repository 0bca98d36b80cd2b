import { expect, test } from "vitest";
import { CoreDriver, eventAt, T0 } from "../../../test/support/core-driver.ts";
import { highOf, idOf, lowOf, refsOf, UNKNOWN_PLACE } from "./alert-ref.ts";
import { alertId, AlertTable } from "./alert-table.ts";
import type { Alert } from "./alert.ts";
import { plainAlert } from "./live-alert.ts";
import { hashHex } from "./hash.ts";
import { byText } from "./order.ts";

function alertOf(ci: string, check: string): Alert {
  const core = new CoreDriver();
  core.event(eventAt(T0, { ci, check }));
  const alert = core.alert({ ci, check });
  if (alert === undefined) throw new Error("no alert");
  return plainAlert(alert);
}

test("an id is of the identity, and stays what it is: stored data depends on it", () => {
  expect(alertId("web-01", "agent", "cpu", "")).toBe("a-b99921f66281d14b");
  expect(alertId("web-01", "agentcpu", "", "")).not.toBe(alertId("web-01", "agent", "cpu", ""));
  expect(new Set(Array.from({ length: 50_000 }, (_, index) => hashHex(["host", String(index)]))).size).toBe(50_000);
});

test("a CI with many alerts is found by its own index, and by the scan again when they are few", () => {
  const table = new AlertTable();
  const alerts = Array.from({ length: 40 }, (_, index) => table.add(alertOf("web-01", `check-${index}`)));
  for (const alert of alerts) expect(table.find("web-01", "agent", alert.check, "")).toBe(alert);
  for (const alert of alerts.slice(0, 35)) table.remove(alert);
  expect(table.find("web-01", "agent", "check-3", "")).toBeUndefined();
  expect(table.find("web-01", "agent", "check-39", "")).toBe(alerts[39]);
  for (const alert of alerts.slice(0, 35)) table.add(alert);
  for (const alert of alerts) expect(table.find("web-01", "agent", alert.check, "")).toBe(alert);
  expect([table.size, table.activeCount]).toEqual([40, 40]);
});

test("a CI with many alerts of which several have one instance", () => {
  const table = new AlertTable();
  const alerts = Array.from({ length: 40 }, (_, index) =>
    table.add({ ...alertOf("web-01", `check-${index}`), instance: `/dev/sd${index >> 1}` }),
  );
  const find = (index: number): Alert | undefined =>
    table.find("web-01", "agent", `check-${index}`, `/dev/sd${index >> 1}`);
  for (const [index, alert] of alerts.entries()) expect(find(index)).toBe(alert);
  expect(table.find("web-01", "agent", "check-0", "/dev/sd1")).toBeUndefined();
  for (const index of [0, 2, 3]) table.remove(alerts[index] as Alert);
  expect([0, 1, 2, 3, 4].map((index) => find(index) === alerts[index])).toEqual([false, true, false, false, true]);
  for (const index of [0, 2, 3]) table.add(alerts[index] as Alert);
  for (const [index, alert] of alerts.entries()) expect(find(index)).toBe(alert);
});

test("in whatever order a restart brings the alerts of a CI, they come by first-seen time, then id", () => {
  const table = new AlertTable();
  const alerts = Array.from({ length: 60 }, (_, index) => alertOf("web-01", `check-${index}`));
  alerts.forEach((alert, index) => (alert.firstSeenAt = T0 + ((index * 37) % 20)));
  for (const alert of alerts) table.add(alert);
  const expected = [...alerts].sort((x, y) => x.firstSeenAt - y.firstSeenAt || byText(x.id, y.id));
  expect(table.activeOn("web-01").map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
  const all = new AlertTable();
  const restored = alerts.map((alert) => all.restore(alert));
  expect(restored.map((alert) => all.get(alert.id))).toEqual(restored);
  expect(all.activeOn("web-01")).toEqual([]);
  all.addRestored(restored);
  expect(all.activeOn("web-01").map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
  for (const alert of restored) expect(all.find("web-01", "agent", alert.check, "")).toBe(alert);
  expect([all.size, all.activeCount]).toEqual([60, 60]);
});

test("active alerts of a CI come by first-seen time, then id", () => {
  const table = new AlertTable();
  const of = (check: string, firstSeenAt: number): Alert => table.add({ ...alertOf("web-01", check), firstSeenAt });
  const [a, b, c] = [of("x", T0 + 2), of("y", T0 + 1), of("z", T0 + 1)];
  const second = b.id < c.id ? [b, c] : [c, b];
  const checks = (alerts: readonly Alert[]): string[] => alerts.map(({ check }) => check);
  expect(checks(table.activeOn("web-01"))).toEqual(checks([...second, a]));
  b.status = "resolved";
  table.reindex(b);
  expect(checks(table.activeOn("web-01"))).toEqual(checks([c, a]));
});

test.for<[situation: string, change: (alert: Alert) => void, changes: number[]]>([
  ["it has begun", () => undefined, [T0]],
  ["it is over", (alert) => over(alert, T0 + 5), [T0, T0 + 5]],
  ["it began earlier than was known", (alert) => (alert.firstSeenAt = T0 - 5), [T0]],
  ["the same, when it is over", (alert) => (over(alert, T0 + 5).firstSeenAt = T0 - 5), [T0, T0 + 5]],
  ["it is over since another time", (alert) => (over(alert, T0 + 5).resolvedAt = T0 + 7), [T0, T0 + 5]],
  ["it is not over any more", (alert) => (over(alert, T0 + 5).resolvedAt = null), [T0, T0 + 5]],
  [
    "it is back",
    (alert) => {
      over(alert, T0 + 5).resolvedAt = null;
      alert.changes = [...alert.changes, T0 + 9];
      alert.firstSeenAt = T0 + 9;
    },
    [T0, T0 + 5, T0 + 9],
  ],
  [
    "its time is told before its change",
    (alert) => {
      alert.resolvedAt = T0 + 5;
      alert.changes = [...alert.changes, T0 + 5];
    },
    [T0, T0 + 5],
  ],
  ["nothing is known of its changes", (alert) => (alert.changes = []), []],
])("an alert tells when it changed: %s", ([, change, changes]) => {
  const alert = new AlertTable().add({ ...alertOf("web-01", "x"), firstSeenAt: T0, changes: [T0] });
  change(alert);
  expect(alert.changes).toEqual(changes);
  expect(plainAlert(alert)).toMatchObject({ changes, resolvedAt: alert.resolvedAt });
});

function over(alert: Alert, at: number): Alert {
  alert.changes = [...alert.changes, at];
  alert.resolvedAt = at;
  return alert;
}

const REPEAT = { seenAt: T0 + 60_000, occurredAt: T0 + 60_000, expiresAfterMs: 1_000, expiresAt: T0 + 61_000 };
const repeatable = (check: string): Alert => ({
  ...alertOf("web-01", check),
  expiresAfterMs: 1_000,
  expiresAt: T0 + 9e9,
});

test.for<[situation: string, change: (alert: Alert, table: AlertTable) => void, count: number]>([
  ["nothing has happened", () => undefined, 2],
  ["it is resolved", (alert) => (alert.status = "resolved"), -1],
  ["its source cleared it", (alert) => (alert.sourceStatus = "resolved"), -1],
  ["all that is known of it came late", (alert) => (alert.late = true), -1],
  ["its source gave it no end", (alert) => (alert.expiresAfterMs = null), -1],
  ["something newer was said", (alert) => (alert.lastOccurredAt = T0 + 60_001), -1],
  ["it has left the table", (alert, table) => table.remove(alert), -1],
])("an alert that was repeated before is repeated again, by place or by id: %s", ([, change, count]) => {
  for (const isPlaced of [true, false]) {
    const table = new AlertTable();
    const alert = table.add(repeatable("x"));
    const place = isPlaced ? table.placeOf(alert.id) : UNKNOWN_PLACE;
    const refs = [place, highOf(alert.id), lowOf(alert.id)];
    expect(table.repeat(refs, 0, { ...REPEAT, seenAt: T0 + 1, occurredAt: T0 + 1 }, () => undefined)).toBe(2);
    change(alert, table);
    expect(table.repeat(refs, 0, REPEAT, () => undefined)).toBe(count < 0 ? -1 : 3);
    expect(alert).toMatchObject(count < 0 ? { count: 2, lastSeenAt: T0 + 1 } : { count: 3, lastSeenAt: REPEAT.seenAt });
  }
});

test("whose end comes nearer is told, once", () => {
  const table = new AlertTable();
  const alert = table.add(repeatable("x"));
  const refs = refsOf([alert.id]);
  const nearer: string[] = [];
  for (const expiresAt of [T0 + 70_000, T0 + 80_000, T0 + 75_000])
    table.repeat(refs, 0, { ...REPEAT, expiresAt }, ({ id }) => nearer.push(`${id} ${alert.expiresAt}`));
  expect(nearer).toEqual([`${alert.id} ${T0 + 70_000}`, `${alert.id} ${T0 + 75_000}`]);
});

test("a place that another alert has now is not taken for the one that had it", () => {
  const table = new AlertTable();
  const gone = table.add(repeatable("x"));
  const refs = [table.placeOf(gone.id), highOf(gone.id), lowOf(gone.id)];
  table.remove(gone);
  const next = table.add(repeatable("y"));
  expect(table.placeOf(next.id)).toBe(refs[0]);
  expect(table.repeat(refs, 0, REPEAT, () => undefined)).toBe(-1);
  expect([gone.count, next.count]).toEqual([1, 1]);
  // By its id it is found again wherever it is.
  table.remove(next);
  table.add(next);
  table.add(gone);
  expect(table.repeat(refs, 0, REPEAT, () => undefined)).toBe(2);
  expect([gone.count, next.count]).toEqual([2, 1]);
});

test("thousands keep their times apart", () => {
  const table = new AlertTable();
  const one = repeatable("x");
  const alerts = Array.from({ length: 3_000 }, (_, number) =>
    table.add({ ...one, id: idOf(number, -number), instance: `i${number}`, count: number, firstSeenAt: T0 + number }),
  );
  for (const [number, alert] of alerts.entries()) if (number % 3 === 0) table.remove(alert);
  for (const [number, alert] of alerts.entries()) if (number % 3 === 0) table.add(alert);
  expect(alerts.filter((alert, number) => alert.count !== number || alert.firstSeenAt !== T0 + number)).toEqual([]);
  expect(JSON.parse(JSON.stringify(alerts[7]))).toEqual({ ...plainAlert(alerts[7] as Alert) });
});

test.for<[situation: string, change: (alert: Alert) => void, changes: readonly number[]]>([
  ["as it began", () => undefined, [T0]],
  ["it changed again", (alert) => (alert.changes = [T0, T0 + 1]), [T0, T0 + 1]],
  ["a late episode began, which is no change", (alert) => (alert.firstSeenAt = T0 + 5), [T0]],
  ["its one change is not its beginning", (alert) => (alert.changes = [T0 + 3]), [T0 + 3]],
  ["it has none", (alert) => (alert.changes = []), []],
])("an alert keeps its changes: %s", ([, change, changes]) => {
  const table = new AlertTable();
  const alert = table.add(repeatable("x"));
  change(alert);
  expect(alert.changes).toEqual(changes);
  table.remove(alert);
  expect(alert.changes).toEqual(changes);
  expect(new AlertTable().add(plainAlert(alert)).changes).toEqual(changes);
});
