import { expect, test } from "vitest";
import { cmdbOf, eventAt, ONE_ROUTE, seconds } from "../../test/support/core-driver.ts";
import type { Alert } from "./model/alert.ts";
import type { Effect } from "./model/effect.ts";
import { type CoreState, createState } from "./state.ts";
import { nextWakeAt, step } from "./step.ts";

function runTo(state: CoreState, until: number): void {
  for (let wake = nextWakeAt(state); wake !== null && wake <= until; wake = nextWakeAt(state))
    step(state, { kind: "tick", at: Math.max(state.at, wake) });
}

test("of a surge of more alerts than one solve looks at, none is forgotten", () => {
  const state = createState({ settings: ONE_ROUTE, cmdb: cmdbOf([]) });
  const count = 2_000;
  for (let number = 0; number < count; number += 1)
    step(state, {
      kind: "event",
      at: seconds(1),
      event: eventAt(seconds(1), { ci: `host-${number}`, check: "disk_full", summary: "the disk is full" }),
    });
  runTo(state, seconds(60));
  const outside = [...state.alerts.all()].filter(({ incident }: Alert) => incident === null);
  expect(outside).toEqual([]);
  expect(state.incidents.size).toBe(count);
});

test("a surge is placed in steps, none of which moves all of it", () => {
  const state = createState({ settings: ONE_ROUTE, cmdb: cmdbOf([]) });
  for (let number = 0; number < 1_000; number += 1)
    step(state, {
      kind: "event",
      at: seconds(1),
      event: eventAt(seconds(1), { ci: `host-${number}`, check: "disk_full", summary: "the disk is full" }),
    });
  const opened: number[] = [];
  for (let wake = nextWakeAt(state); wake !== null && wake <= seconds(20); wake = nextWakeAt(state)) {
    const before = state.incidents.size;
    step(state, { kind: "tick", at: Math.max(state.at, wake) });
    if (state.incidents.size > before) opened.push(state.incidents.size - before);
  }
  expect(state.incidents.size).toBe(1_000);
  expect(Math.max(...opened)).toBeLessThanOrEqual(250);
});

test("what comes due at once after a pause is woken in steps, and who comes meanwhile does not wait for all of it", () => {
  const state = createState({ settings: ONE_ROUTE, cmdb: cmdbOf([]) });
  const count = 500;
  const tell = (at: number, number: number): readonly Effect[] =>
    step(state, {
      kind: "event",
      at,
      event: eventAt(at, { ci: `host-${number}`, check: "disk_full", summary: "the disk is full" }),
    });
  for (let number = 0; number < count; number += 1) tell(seconds(1), number);
  runTo(state, seconds(6));
  expect(state.incidents.size).toBe(count);

  const told = (effects: readonly Effect[]): string[] =>
    effects.flatMap((effect) => (effect.kind === "notify" ? [effect.notification.incident] : []));
  const heard: string[] = [];
  for (let steps = 0; (nextWakeAt(state) ?? Infinity) <= seconds(300); steps += 1) {
    const at = seconds(300) + steps;
    const effects = steps === 1 ? tell(at, count) : step(state, { kind: "tick", at });
    expect(told(effects).length).toBeLessThanOrEqual(100);
    heard.push(...told(effects));
  }
  expect(new Set(heard).size).toBe(count);
  expect(heard).toHaveLength(count);
});
