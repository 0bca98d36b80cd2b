import * as fc from "fast-check";
import { expect, test } from "vitest";
import { CoreDriver, eventAt, minutes, seconds } from "../../test/support/core-driver.ts";
import { refsOf } from "./model/alert-ref.ts";
import { incidentDocument } from "./model/document.ts";
import { plainAlert } from "./model/live-alert.ts";
import type { Event } from "./model/event.ts";
import type { Effect, Outcome } from "./model/effect.ts";

const UNTIL = minutes(30);
const fields: Partial<Event> = { idGiven: false, expiresAfterMs: 0, expiresAt: minutes(5) };

/** A core with one alert that its source has given an end. */
function firing(more: Partial<Event> = {}): { core: CoreDriver; id: string } {
  const core = new CoreDriver();
  const outcome = core.event({ ...fields, ...more }) as Extract<Outcome, { status: "accepted" }>;
  return { core, id: outcome.alert ?? "" };
}

const again = (
  core: CoreDriver,
  ids: readonly string[],
  at: number,
  expiresAt = UNTIL,
  expiresAfterMs = 0,
): readonly Effect[] =>
  core.to(at).input({ kind: "again", at, alerts: refsOf(ids), occurredAt: at, expiresAt, expiresAfterMs });

const missed = (effects: readonly Effect[]): readonly number[] =>
  effects.flatMap((effect) =>
    effect.kind === "outcome" && effect.outcome.status === "accepted" ? (effect.outcome.missed ?? []) : [],
  );

test("a repetition moves times and count, and is one effect for all its alerts", () => {
  const { core, id } = firing();
  const effects = again(core, [id], minutes(4));
  expect(effects.map(({ kind }) => kind)).toEqual(["repeated", "outcome"]);
  expect(missed(effects)).toEqual([]);
  expect(core.alert()).toMatchObject({ count: 2, lastSeenAt: minutes(4), expiresAt: UNTIL, status: "firing" });
  core.to(minutes(29));
  expect(core.alert()?.status).toBe("firing");
  core.to(minutes(31));
  expect(core.alert()?.status).toBe("resolved");
});

test("an end that comes nearer is kept where none was given before, and one that has passed ends the alert", () => {
  const { core, id } = firing({ expiresAfterMs: 300_000 });
  again(core, [id], minutes(1), minutes(2));
  core.to(minutes(2) + seconds(1));
  expect(core.alert()?.status).toBe("resolved");
  const second = firing({ expiresAfterMs: 300_000 });
  again(second.core, [second.id], minutes(1), seconds(30));
  second.core.to(minutes(1) + seconds(1));
  expect(second.core.alert()?.status).toBe("resolved");
});

/** An end in minutes: `given`, or taken for so long because nobody said. */
type End = ["given" | "assumed", number];

test.for<[situation: string, ends: End[], expected: number]>([
  [
    "given, then a later one",
    [
      ["given", 5],
      ["given", 9],
    ],
    9,
  ],
  [
    "given, then an earlier one",
    [
      ["given", 9],
      ["given", 5],
    ],
    9,
  ],
  [
    "given, an earlier one, a later one",
    [
      ["given", 9],
      ["given", 5],
      ["given", 20],
    ],
    20,
  ],
  [
    "given, then an earlier one that nobody said",
    [
      ["given", 9],
      ["assumed", 5],
    ],
    9,
  ],
  [
    "given, then two that nobody said",
    [
      ["given", 9],
      ["assumed", 5],
      ["assumed", 6],
    ],
    6,
  ],
  [
    "given, one that nobody said, an earlier one",
    [
      ["given", 9],
      ["assumed", 5],
      ["given", 7],
    ],
    7,
  ],
  [
    "given, an earlier one, one that nobody said",
    [
      ["given", 9],
      ["given", 5],
      ["assumed", 6],
    ],
    9,
  ],
  [
    "nobody said, then an earlier one",
    [
      ["assumed", 9],
      ["given", 5],
    ],
    5,
  ],
  [
    "nobody said, then nobody again",
    [
      ["assumed", 5],
      ["assumed", 6],
    ],
    6,
  ],
])("the end of an alert that is sent again: %s", ([, ends, expected]) => {
  const [byEvents, byRepetition] = [new CoreDriver(), new CoreDriver()];
  let id = "";
  for (const [index, [kind, until]] of ends.entries()) {
    const at = seconds(10 * index);
    const given = { expiresAfterMs: 0, expiresAt: minutes(until) };
    const event = eventAt(at, {
      idGiven: false,
      ...(kind === "given" ? given : { expiresAfterMs: minutes(until) - at }),
    });
    byEvents.to(at).input({ kind: "event", at, event });
    const known = index === 0 ? [] : [id];
    const effects = again(byRepetition, known, at, minutes(until), event.expiresAfterMs ?? 0);
    if (known.length === 0 || missed(effects).length > 0) {
      const outcome = byRepetition.event(event) as Extract<Outcome, { status: "accepted" }>;
      id = outcome.alert ?? "";
    }
    expect(alertsOf(byRepetition)).toEqual(alertsOf(byEvents));
  }
  expect(byEvents.alert()?.expiresAt).toBe(minutes(expected));
  byEvents.to(minutes(expected) - 1);
  expect(byEvents.alert()?.status).toBe("firing");
  byEvents.to(minutes(expected) + 1);
  expect(byEvents.alert()?.status).toBe("resolved");
});

test("an end that we put off because we did not listen is not one that was given: the next word decides", () => {
  const { core, id } = firing({ expiresAt: minutes(60) });
  core.input({ kind: "restarted", at: minutes(55), from: minutes(5) });
  expect(core.alert()?.expiresAt).toBe(minutes(110));
  expect(missed(again(core, [id], minutes(56), minutes(62)))).toEqual([]);
  core.event({ ...fields, expiresAt: minutes(61) });
  expect(core.alert()).toMatchObject({ expiresAt: minutes(62), expiresAfterMs: 0 });
});

test.for<[situation: string, change: (core: CoreDriver) => void]>([
  ["its source has cleared it", (core) => core.event({ ...fields, status: "resolved" })],
  ["it timed out", (core) => core.to(minutes(9))],
  ["a person resolved it", (core) => core.command({ type: "resolve", incident: core.incident(1)?.id ?? "" })],
  ["its source gave it no end", (core) => Object.assign(core.alert() ?? {}, { expiresAfterMs: null })],
  ["a newer word came already", (core) => Object.assign(core.alert() ?? {}, { lastOccurredAt: minutes(11) })],
])("an alert is missed and left as it is: %s", ([, change]) => {
  const { core, id } = firing();
  core.to(seconds(30));
  change(core);
  const before = JSON.stringify(core.alert());
  expect(missed(again(core, [id, "a-0000000000000001"], core.now))).toEqual([0, 1]);
  expect(JSON.stringify(core.alert())).toBe(before);
});

const alertsOf = ({ state }: CoreDriver): object[] => [...state.alerts.all()].map(plainAlert);
/** As readers see them: what repeats move is told by the alerts. */
const incidentsOf = ({ state }: CoreDriver): object[] =>
  state.incidents.live().map((incident) => incidentDocument(incident, (id) => state.alerts.get(id)));

test("a repetition leaves the core as the events themselves would", () => {
  const ci = fc.constantFrom("web-01", "web-02", "db-01");
  const spoken = fc.record({
    ci,
    wait: fc.integer({ min: 0, max: 400_000 }),
    forMs: fc.constantFrom(0, 60_000, 240_000),
    isSaid: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(spoken, { minLength: 1, maxLength: 30 }), (list) => {
      const [byEvents, byRepetition] = [new CoreDriver(), new CoreDriver()];
      const ids = new Map<string, string>();
      let at = minutes(1);
      for (const { ci: name, wait, forMs, isSaid } of list) {
        at += wait;
        const afterMs = isSaid ? 0 : forMs;
        const event = eventAt(at, { ...fields, ci: name, expiresAt: at + forMs, expiresAfterMs: afterMs });
        byEvents.to(at).input({ kind: "event", at, event });
        const id = ids.get(name);
        const left = id === undefined ? [0] : missed(again(byRepetition, [id], at, at + forMs, afterMs));
        const effects = left.length === 0 ? [] : byRepetition.to(at).input({ kind: "event", at, event });
        for (const effect of effects)
          if (effect.kind === "outcome" && effect.outcome.status === "accepted")
            ids.set(name, effect.outcome.alert ?? "");
        expect(alertsOf(byRepetition)).toEqual(alertsOf(byEvents));
        expect(incidentsOf(byRepetition)).toEqual(incidentsOf(byEvents));
        expect(byRepetition.state.heard).toEqual(byEvents.state.heard);
      }
    }),
    { numRuns: 60 },
  );
});
