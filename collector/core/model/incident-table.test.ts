import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CoreDriver, T0 } from "../../../test/support/core-driver.ts";
import type { Incident, Member } from "./incident.ts";
import { IncidentTable } from "./incident-table.ts";

const AT = T0;

const memberOf = (name: string, status: Member["status"] = "firing"): Member => ({
  alert: `a-${name}`,
  episode: 1,
  ci: `ci-${name}`,
  source: "agent",
  check: "down",
  instance: "",
  severity: "major",
  summary: "it is down",
  status,
  firstSeenAt: AT,
  lastSeenAt: AT,
  resolvedAt: null,
  occurredAt: AT,
  count: 1,
  joinedAt: AT,
  reason: "",
});

function emptyIncident(): Incident {
  const core = new CoreDriver();
  core.event();
  const found = core.incident(1);
  if (found === undefined) throw new Error("no incident");
  return { ...(JSON.parse(JSON.stringify(found)) as Incident), members: [], alertCount: 0 };
}

/** Members come (true) and go (false), by name. */
function act(kept: number | undefined, moves: readonly (readonly [name: string, comes: boolean])[]): void {
  const table = new IncidentTable(kept);
  const incident = emptyIncident();
  table.add(incident);
  const there = new Map<string, Member>();
  for (const [name, comes] of moves) {
    const member = memberOf(name, name.endsWith("3") ? "resolved" : "firing");
    if (comes === there.has(member.alert)) continue;
    if (comes) {
      there.set(member.alert, member);
      table.addMember(incident, member);
    } else {
      there.delete(member.alert);
      table.removeMember(incident, member.alert);
    }
    for (const [alert, each] of there) expect(table.member(incident.id, alert)).toBe(each);
    const active = [...there.values()].filter(({ status }) => status !== "resolved");
    expect(table.count(incident.id)).toBe(there.size);
    expect(table.activeCount(incident.id)).toBe(active.length);
    expect(incident.alertCount).toBe(there.size);
    expect([...table.some(incident.id)].map((each) => each.alert).sort()).toEqual([...there.keys()].sort());
    expect(table.all(incident).length).toBe(there.size);
    expect([...table.hit(incident.id).active.keys()].sort()).toEqual(active.map(({ ci }) => ci).sort());
  }
}

const many = (count: number, comes: boolean) => Array.from({ length: count }, (_, i) => [String(i), comes] as const);

describe("the members of an incident are found and counted", () => {
  test.for<[situation: string, kept: number | undefined, moves: (readonly [string, boolean])[]]>([
    ["a few", undefined, many(5, true)],
    ["many", undefined, many(20, true)],
    ["one that comes when most of many have gone", undefined, [...many(12, true), ...many(10, false), ["new", true]]],
    [
      "the first again when all have gone",
      undefined,
      [...many(12, true), ...many(12, false), ["1", true], ["2", true]],
    ],
    ["more than are kept", 3, many(9, true)],
    [
      "one that comes when most of more than are kept have gone",
      3,
      [...many(9, true), ...many(8, false), ["new", true]],
    ],
  ])("%s", ([, kept, moves]) => act(kept, moves));

  test("however they come and go", () => {
    const wave = fc.record({ from: fc.nat(20), count: fc.integer({ min: 1, max: 20 }), comes: fc.boolean() });
    fc.assert(
      fc.property(fc.constantFrom(undefined, 1, 3, 10), fc.array(wave, { maxLength: 12 }), (kept, waves) =>
        act(
          kept,
          waves.flatMap(({ from, count, comes }) =>
            Array.from({ length: count }, (_, i) => [String(from + i), comes] as const),
          ),
        ),
      ),
      { numRuns: 60 },
    );
  });
});
