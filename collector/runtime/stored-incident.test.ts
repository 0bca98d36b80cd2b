import { expect, test } from "vitest";
import { cmdbOf, eventAt, ONE_ROUTE, seconds } from "../../test/support/core-driver.ts";
import { NeighbourCorrelator } from "../../test/support/neighbour-correlator.ts";
import type { Alert } from "../core/model/alert.ts";
import type { Incident } from "../core/model/incident.ts";
import { type CoreState, createState } from "../core/state.ts";
import { step } from "../core/step.ts";
import { type AlertOf, incidentText, readIncident, withMembers } from "./stored-incident.ts";

/** Two alerts on one CI, in one incident, and what the core then said of the incident. */
function twoAlerts(): { state: CoreState; incident: Incident; alerts: Alert[] } {
  const state = createState({ settings: ONE_ROUTE, cmdb: cmdbOf([]), correlator: new NeighbourCorrelator() });
  for (const check of ["cpu", "memory"])
    step(state, { kind: "event", at: seconds(1), event: eventAt(seconds(1), { check, severity: "major" }) });
  const [incident] = state.incidents.live();
  if (incident === undefined) throw new Error("the events opened no incident");
  return { state, incident, alerts: [...state.alerts.all()] };
}

const NOTED = [0, "db-1", 1, 7];

const membersIn = (text: string): unknown[] => (JSON.parse(text) as unknown[][])[15] ?? [];

const readBack = (id: string, text: string, alertOf: AlertOf): Incident =>
  withMembers(readIncident(id, text), alertOf).incident;

test("a member that is what its alert says is stored as the alert's id, and made of the alert again", () => {
  const { state, incident, alerts } = twoAlerts();
  const text = incidentText(incident, null, (id) => state.alerts.get(id));
  expect(membersIn(text)).toEqual(alerts.map(({ id }) => id));
  expect(readBack(incident.id, text, (id) => state.alerts.get(id))).toEqual(incident);
});

test.each<[string, (alert: Alert, state: CoreState) => void]>([
  ["has begun another episode", (alert) => (alert.episode += 1)],
  ["is in another incident", (alert) => (alert.incident = "inc-2")],
  ["was worse", (alert) => (alert.severity = "warning")],
  ["is in memory no more", (alert, state) => state.alerts.remove(alert)],
])("a member is stored whole when its alert %s", (_, part) => {
  const { state, incident, alerts } = twoAlerts();
  const [first, second] = alerts as [Alert, Alert];
  part(first, state);
  const text = incidentText(incident, null, (id) => state.alerts.get(id));
  expect(membersIn(text)).toEqual([incident.members[0], second.id]);
  expect(readBack(incident.id, text, (id) => state.alerts.get(id))).toEqual(incident);
});

test("a closed incident has all of its members in it: it outlives their alerts", () => {
  const { state, incident } = twoAlerts();
  incident.status = "closed";
  const text = incidentText(incident, null, (id) => state.alerts.get(id));
  expect(readBack(incident.id, text, () => undefined)).toEqual(incident);
});

test("a member whose alert retention has taken is left out", () => {
  const { state, incident, alerts } = twoAlerts();
  const text = incidentText(incident, null, (id) => state.alerts.get(id));
  const [, second] = incident.members;
  expect(
    readBack(incident.id, text, (id) => (id === alerts[0]?.id ? undefined : state.alerts.get(id))).members,
  ).toEqual([second]);
});

test("an incident comes back with what correlation knows of it, its keys in the order that it had", () => {
  const { state, incident } = twoAlerts();
  const alertOf: AlertOf = (id) => state.alerts.get(id);
  const back = withMembers(readIncident(incident.id, incidentText(incident, NOTED, alertOf)), alertOf);
  expect(back.noted).toEqual(NOTED);
  expect(JSON.stringify(back.incident)).toBe(JSON.stringify(incident));
});

test("an incident of a release that stored it as an object, with every member whole or not, is read", () => {
  const { state, incident } = twoAlerts();
  expect(readBack(incident.id, JSON.stringify(incident), () => undefined)).toEqual(incident);
  const members = incident.members.map(({ alert }) => alert);
  const plain = JSON.parse(JSON.stringify(incident)) as Incident;
  const text = JSON.stringify({ ...plain, members });
  expect(readBack(incident.id, text, (id) => state.alerts.get(id))).toEqual(incident);
});

test("a text of a newer form is refused", () => {
  expect(() => readIncident("inc-1", "[9]")).toThrow("inc-1 has the form 9");
});

test("an alert that begins anew, or is milder than it was, puts the incident that knew it otherwise", () => {
  const { state, incident } = twoAlerts();
  const puts = (parts: Parameters<typeof eventAt>[1], at: number): unknown[] =>
    step(state, { kind: "event", at, event: eventAt(at, { check: "cpu", ...parts }) }).filter(
      (effect) => effect.kind === "put" && effect.entity.kind === "incident" && effect.entity.id === incident.id,
    );
  expect(puts({ severity: "warning" }, seconds(2))).toHaveLength(1);
  expect(puts({ severity: "warning" }, seconds(3))).toHaveLength(0);
  expect(puts({ status: "resolved" }, seconds(4))).toHaveLength(1);
  expect(puts({}, seconds(5))).toHaveLength(1);
});
