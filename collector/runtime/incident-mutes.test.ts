import { expect, test } from "vitest";
import { cmdbOf, eventAt, ONE_ROUTE, seconds } from "../../test/support/core-driver.ts";
import { NeighbourCorrelator } from "../../test/support/neighbour-correlator.ts";
import type { Alert } from "../core/model/alert.ts";
import type { Incident } from "../core/model/incident.ts";
import { createState } from "../core/state.ts";
import { step } from "../core/step.ts";
import { mutesOf } from "./incident-mutes.ts";

/** Two alerts on db-1 in one incident, muted by the rules given, and a silence and a window that may be among them. */
function mutesWith(
  first: string[],
  second: string[],
  change: (incident: Incident, alerts: Alert[]) => void = () => {},
) {
  const state = createState({ settings: ONE_ROUTE, cmdb: cmdbOf([]), correlator: new NeighbourCorrelator() });
  for (const check of ["cpu", "memory"])
    step(state, {
      kind: "event",
      at: seconds(1),
      event: eventAt(seconds(1), { ci: "db-1", check, severity: "major" }),
    });
  const [incident] = state.incidents.live();
  if (incident === undefined) throw new Error("the events opened no incident");
  const alerts = [...state.alerts.all()];
  alerts.forEach((alert, index) => (alert.suppressedBy = index === 0 ? first : second));
  change(incident, alerts);
  const endsAt = Date.UTC(2026, 0, 1);
  return mutesOf(incident, {
    alert: (id) => (id === "a-guest" ? { ...(alerts[0] as Alert), ci: "guest", check: "disk" } : state.alerts.get(id)),
    silences: () => [
      { id: "s-1", matchers: [], startsAt: 0, endsAt, createdBy: "anna", comment: "known", createdAt: 0, updatedAt: 0 },
    ],
    maintenance: () => [
      { id: "w-1", cis: ["db-1"], from: 0, to: endsAt, includeDependents: true, reason: "disks", owner: "bert" },
    ],
  });
}

const NOBODY = { owner: null, until: null };
const UNTIL = "2026-01-01T00:00:00.000Z";

test.each<{ name: string; first: string[]; second: string[]; told: unknown[] }>([
  { name: "by nothing", first: [], second: [], told: [] },
  { name: "one of two is heard", first: ["silence:s-1"], second: [], told: [] },
  {
    name: "one silence on both",
    first: ["silence:s-1"],
    second: ["silence:s-1"],
    told: [{ by: "silence", id: "s-1", owner: "anna", reason: "known", until: UNTIL }],
  },
  {
    name: "a silence on one, a window on the other",
    first: ["silence:s-1"],
    second: ["maintenance:w-1"],
    told: [
      { by: "maintenance", id: "w-1", owner: "bert", reason: "disks", until: UNTIL },
      { by: "silence", id: "s-1", owner: "anna", reason: "known", until: UNTIL },
    ],
  },
  {
    name: "another alert, and a CI that failed before it",
    first: ["inhibition:a-guest"],
    second: ["dependency:sw-1"],
    told: [
      { by: "dependency", id: "sw-1", ...NOBODY, reason: "it cannot work without sw-1, which has failed" },
      { by: "inhibition", id: "a-guest", ...NOBODY, reason: "disk fires on guest" },
    ],
  },
  {
    name: "a silence that is gone already",
    first: ["silence:s-9"],
    second: ["silence:s-9"],
    told: [{ by: "silence", id: "s-9", ...NOBODY, reason: "" }],
  },
])("muted: $name", ({ first, second, told }) => {
  expect(mutesWith(first, second)).toEqual(told);
});

test("what is behind the incident's own root is told by the root", () => {
  const change = (incident: Incident): void => {
    incident.rootCause.ci = "sw-1";
  };
  expect(mutesWith(["dependency:sw-1"], ["dependency:sw-1"], change)).toEqual([]);
});

test("what is over mutes nothing, neither a member nor the incident", () => {
  const member = (incident: Incident): void => {
    for (const each of incident.members.slice(1)) each.status = "resolved";
  };
  expect(mutesWith(["silence:s-1"], [], member)).toMatchObject([{ id: "s-1" }]);
  const whole = (incident: Incident): void => {
    incident.status = "resolved";
  };
  expect(mutesWith(["silence:s-1"], ["silence:s-1"], whole)).toEqual([]);
});
