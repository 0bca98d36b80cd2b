import { expect, test } from "vitest";
import { RecordedHostFiles } from "../../test/support/recorded-host-files.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import type { LookedAtUnit, UnitQuestions, UnitsLook } from "../bus/systemd.ts";
import { SeriesTable } from "./series-table.ts";
import { createUnitsCollector, type UnitsOptions } from "./units.ts";

const unit = (name: string, change: Partial<LookedAtUnit> = {}): LookedAtUnit => ({
  name,
  loadState: "loaded",
  activeState: "active",
  subState: "running",
  path: "/",
  type: "simple",
  restarts: 0,
  ...change,
});

function rig(include: UnitsOptions["include"] = null, exists = true) {
  const clock = new VirtualClock();
  const table = new SeriesTable();
  const lines: string[] = [];
  const say = (message: string, fields: Record<string, unknown> = {}): void =>
    void lines.push(`${message}: ${String(fields["reason"])}`);
  const log = { debug: say, info: say, warn: say, error: say };
  let host: LookedAtUnit[] | string = [];
  let looks = 0;
  const look = (
    _clock: unknown,
    { wants, wantsType, wantsRestarts, unitsMax }: UnitQuestions,
  ): Promise<UnitsLook | { error: string }> => {
    looks++;
    if (typeof host === "string") return Promise.resolve({ error: host });
    const wanted = host.filter(wants);
    const units = wanted.slice(0, unitsMax).map((each) => ({
      ...each,
      type: wantsType(each) ? each.type : null,
      restarts: wantsRestarts(each) ? each.restarts : null,
    }));
    return Promise.resolve({
      counts: new Map([["active", host.length]]),
      units,
      leftOut: wanted.length - units.length,
    });
  };
  const context = { files: new RecordedHostFiles({}), table };
  const collector = createUnitsCollector(context, { clock, log, include, exists: () => exists, look });
  const round = async (units?: LookedAtUnit[] | string): Promise<Record<string, number>> => {
    host = units ?? host;
    clock.advance(20_000);
    table.removeEnded();
    collector.sample(clock.now());
    for (let turn = 0; turn < 3; turn++) await Promise.resolve();
    return Object.fromEntries(
      table
        .metrics()
        .flatMap(({ points }) => points)
        .filter(({ at, value }) => at === clock.now() && (value !== 0 || Number.isNaN(value)))
        .map(({ name, labels, value }) => [[name, ...Object.values(labels)].join(" "), value]),
    );
  };
  return { round, lines, looks: () => looks };
}

test("services that run: their state and restarts, and how many units there are; held between two looks", async () => {
  const { round, looks } = rig();
  const seen = {
    "systemd.units active": 3,
    "systemd.unit.state a.service active simple": 1,
    "systemd.service.restarts a.service": 2,
  };
  const host = [unit("a.service", { restarts: 2 }), unit("b.mount"), unit("once.service", { subState: "exited" })];
  expect(await round(host)).toEqual(seen);
  expect(await round()).toEqual(seen);
  expect(await round()).toEqual(seen);
  expect(looks()).toBe(1);
  expect(await round()).toEqual(seen);
  expect(looks()).toBe(2);
});

test("a service that was seen stays to be seen: as failed, and as stopped", async () => {
  const { round } = rig();
  await round([unit("a.service")]);
  const later = async (change: Partial<LookedAtUnit>): Promise<Record<string, number>> => {
    for (let index = 0; index < 2; index++) await round();
    return round([unit("a.service", change)]);
  };
  expect(await later({ activeState: "failed", subState: "failed", restarts: 5 })).toMatchObject({
    "systemd.unit.state a.service failed simple": 1,
    "systemd.service.restarts a.service": 5,
  });
  expect(await later({ activeState: "inactive", subState: "dead" })).toMatchObject({
    "systemd.unit.state a.service inactive simple": 1,
  });
});

test("a unit that systemd has let go: its series end", async () => {
  const { round } = rig();
  await round([unit("a.service"), unit("b.service")]);
  for (let index = 0; index < 2; index++) await round();
  const ended = await round([unit("b.service")]);
  expect(ended).toMatchObject({
    "systemd.unit.state a.service active simple": Number.NaN,
    "systemd.service.restarts a.service": Number.NaN,
  });
  expect(Object.keys(await round()).filter((key) => key.includes("a.service"))).toEqual([]);
});

test("by configuration: every unit that a glob names, whatever it does", async () => {
  const { round } = rig(["*.mount", "once.service"]);
  const host = [unit("a.service"), unit("b.mount", { type: "ext4" }), unit("once.service", { subState: "exited" })];
  expect(await round(host)).toEqual({
    "systemd.units active": 3,
    "systemd.unit.state b.mount active ext4": 1,
    "systemd.unit.state once.service active simple": 1,
  });
});

test("too many: the first ones, and it is said once", async () => {
  const { round, lines } = rig(["*"]);
  const host = Array.from({ length: 450 }, (_, index) => unit(`unit-${index}.mount`));
  for (let index = 0; index < 8; index++) await round(host);
  expect(Object.keys(await round()).length).toBe(401);
  expect(lines).toEqual(["systemd's units are not seen, or not all: there are 50 more than the 400 that are taken"]);
});

test("systemd does not answer: said once, asked again after ten minutes", async () => {
  const { round, lines, looks } = rig();
  for (let index = 0; index < 31; index++) await round("org.freedesktop.DBus.Error.NameHasNoOwner");
  expect(looks()).toBe(2);
  expect(lines).toEqual(["systemd's units are not seen, or not all: org.freedesktop.DBus.Error.NameHasNoOwner"]);
});

test("systemd does not answer any more: what it said last is not held for true", async () => {
  const { round } = rig();
  expect(await round([unit("a.service")])).toHaveProperty(["systemd.unit.state a.service active simple"]);
  for (let index = 0; index < 3; index++) await round("the bus closed the connection");
  expect(await round()).toEqual({});
});

test("a host without a message bus: nothing is asked and nothing is said", async () => {
  const { round, lines, looks } = rig(null, false);
  expect(await round([unit("a.service")])).toEqual({});
  expect([looks(), lines]).toEqual([0, []]);
});
