import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CoreDriver, T0 } from "../../../test/support/core-driver.ts";
import type { Incident, Member } from "./incident.ts";
import { IncidentRecord } from "./incident-record.ts";
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

/** A table with one incident that has these members, each on a CI of its own. */
function tableWith(
  names: readonly string[],
  status: Incident["status"],
  kept?: number,
): { table: IncidentTable; incident: IncidentRecord } {
  const table = new IncidentTable(kept);
  const incident = new IncidentRecord({ ...emptyIncident(), status });
  table.add(incident);
  for (const name of names) table.addMember(incident, memberOf(name, "resolved"));
  return { table, incident };
}

const NAMES = Array.from({ length: 20 }, (_, index) => String(index));

describe("incidents are put to rest", () => {
  test.for<[situation: string, names: readonly string[], status: Incident["status"], rests: boolean, kept?: number]>([
    ["one alert, open", ["1"], "open", true],
    ["many alerts, open: they are asked for again and again", NAMES, "open", false],
    ["many alerts, acknowledged", NAMES, "acknowledged", false],
    ["many alerts, over", NAMES, "resolved", true],
    ["more alerts than are kept, over: the others are nowhere else", NAMES, "resolved", false, 10],
  ])("%s", ([, names, status, rests, kept]) => {
    const { table, incident } = tableWith(names, status, kept);
    expect(table.rest(Number.POSITIVE_INFINITY)).toBe(rests ? names.length : 0);
    expect(incident.isAtRest).toBe(rests);
    expect(table.rest(Number.POSITIVE_INFINITY)).toBe(0);
  });

  test("many members that have rested are found and counted as before, and come and go", () => {
    const { table, incident } = tableWith(NAMES, "resolved");
    const rested = <T>(ask: () => T): T => {
      table.rest(Number.POSITIVE_INFINITY);
      expect(incident.isAtRest).toBe(true);
      return ask();
    };
    const { id } = incident;
    expect(rested(() => table.isKept(id, "a-7"))).toBe(true);
    expect(incident.isAtRest).toBe(true);
    expect(rested(() => table.member(id, "a-7"))).toEqual(memberOf("7", "resolved"));
    expect(rested(() => table.member(id, "a-none"))).toBeUndefined();
    expect(rested(() => table.count(id))).toBe(20);
    expect(rested(() => table.activeCount(id))).toBe(0);
    expect(rested(() => table.hit(id).all.size)).toBe(20);
    expect(rested(() => table.all(incident))).toEqual(NAMES.map((name) => memberOf(name, "resolved")));
    const [first] = rested(() => incident.members);
    if (first === undefined) throw new Error("no members");
    table.setMemberStatus(incident, first, "firing");
    expect(rested(() => table.activeCount(id))).toBe(1);
    rested(() => table.addMember(incident, memberOf("new")));
    expect([table.count(id), table.activeCount(id), table.member(id, "a-new")]).toEqual([21, 2, memberOf("new")]);
    expect(rested(() => table.removeMember(incident, "a-0"))).toEqual(memberOf("0"));
    expect(rested(() => [...table.some(id)].length)).toBe(20);
    expect(rested(() => table.drain(incident)).length).toBe(20);
    expect([table.count(id), incident.members.length]).toEqual([0, 0]);
  });

  test("so many members at a time, and where it stopped it goes on", () => {
    const table = new IncidentTable();
    const incidents = [1, 2, 3].map((number) => {
      const incident = new IncidentRecord({ ...emptyIncident(), id: `inc-${number}`, number, status: "resolved" });
      table.add(incident);
      for (const name of NAMES) table.addMember(incident, memberOf(name));
      return incident;
    });
    const resting = (): number => incidents.filter(({ isAtRest }) => isAtRest).length;
    expect([table.rest(30), resting()]).toEqual([40, 2]);
    expect([table.rest(30), resting()]).toEqual([20, 3]);
  });
});
