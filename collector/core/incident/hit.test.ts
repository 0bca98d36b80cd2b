import { expect, test } from "vitest";
import { CoreDriver } from "../../../test/support/core-driver.ts";
import { IncidentTable } from "../model/incident-table.ts";
import { emptyIncident } from "./attach.ts";
import { newMember } from "../model/member.ts";

test("the table counts the CIs of an incident as members come, clear, move and go, kept or not", () => {
  const core = new CoreDriver();
  core.event();
  const alert = core.alert();
  if (alert === undefined) throw new Error("no alert");
  const table = new IncidentTable(2);
  const incident = emptyIncident(1, alert, 0);
  table.add(incident);
  const members = ["web-1", "web-1", "web-2"].map((ci, index) => ({
    ...newMember(alert, 0, ""),
    alert: `a-${index}`,
    ci,
  }));
  for (const member of members) table.addMember(incident, member);
  const hit = (): unknown => {
    const { all, active } = table.hit(incident.id);
    return { all: Object.fromEntries(all), active: Object.fromEntries(active) };
  };
  expect(hit()).toEqual({ all: { "web-1": 2, "web-2": 1 }, active: { "web-1": 2, "web-2": 1 } });
  const [first, second, third] = members;
  if (first === undefined || second === undefined || third === undefined) throw new Error("three members");
  table.setMemberStatus(incident, first, "resolved");
  table.setMemberStatus(incident, third, "resolved");
  table.rename(incident, second, "web-9");
  expect(hit()).toEqual({ all: { "web-1": 1, "web-9": 1, "web-2": 1 }, active: { "web-9": 1 } });
  table.removeMember(incident, "a-2");
  expect(hit()).toEqual({ all: { "web-1": 1, "web-9": 1 }, active: { "web-9": 1 } });
  table.drain(incident);
  expect(hit()).toEqual({ all: {}, active: {} });
});
