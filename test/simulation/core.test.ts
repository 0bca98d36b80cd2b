import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createCorrelator } from "../../collector/core/correlate/correlator.ts";
import { incidentWakeAt } from "../../collector/core/incident/life.ts";
import { isActive } from "../../collector/core/model/alert-table.ts";
import { TimerQueue } from "../../collector/core/model/timer-queue.ts";
import { Mutes } from "../../collector/core/notify/mutes.ts";
import { createRootRanker } from "../../collector/core/root-cause/ranker.ts";
import type { CoreState } from "../../collector/core/state.ts";
import { nextWakeAt, step } from "../../collector/core/step.ts";
import { Guarantees } from "../support/core-guarantees.ts";
import { type Happening, happenings } from "../support/core-inputs.ts";
import { type CreateCorrelator, freshCore, Kept, live, record, saidBy } from "../support/core-simulation.ts";
import { SMALL_CMDB } from "../support/core-world.ts";
import { NeighbourCorrelator } from "../support/neighbour-correlator.ts";

const RUNS = { numRuns: 100 };

const CORRELATORS: { name: string; create: CreateCorrelator; isRestorable: boolean }[] = [
  { name: "the smallest correlation", create: () => new NeighbourCorrelator(), isRestorable: true },
  { name: "our correlation", create: () => createCorrelator(createRootRanker()), isRestorable: true },
];

function checkIndexes(state: CoreState): void {
  const alerts = [...state.alerts.all()];
  const active = alerts.filter(isActive);
  expect(state.alerts.activeCount).toBe(active.length);
  for (const ci of new Set(alerts.map((alert) => alert.ci))) {
    const expected = active
      .filter((alert) => alert.ci === ci)
      .sort((a, b) => a.firstSeenAt - b.firstSeenAt || (a.id < b.id ? -1 : 1));
    expect(state.alerts.activeOn(ci)).toEqual(expected);
  }
  expect(state.resolved.size).toBe(alerts.length - active.length);
  const mutes = new Mutes(new TimerQueue());
  mutes.takeSettings(state.settings.inhibitions);
  mutes.restore(state.mutes.silences(), [...state.mutes.windows()], state.topology, state.at);
  for (const alert of active) mutes.track(alert);
  for (const alert of active) {
    const muted = alert.suppressedBy.filter((reason) => !reason.startsWith("dependency:"));
    expect(muted).toEqual(mutes.reasonsFor(alert, state.at));
    expect(alert.status === "unobserved").toBe(muted.length < alert.suppressedBy.length);
  }
  for (const incident of state.incidents.live()) {
    expect(incident.mergedInto).toBeNull();
    const members = state.incidents.all(incident);
    if (incident.status !== "resolved") expect(members.length).toBeGreaterThan(0);
    expect(new Set(members.map((member) => member.alert)).size).toBe(members.length);
    expect(state.incidents.count(incident.id)).toBe(members.length);
    const isAlive = members.filter((member) => member.status !== "resolved");
    expect(state.incidents.activeCount(incident.id)).toBe(isAlive.length);
    for (const member of isAlive) {
      expect(state.alerts.get(member.alert)).toMatchObject({
        incident: incident.id,
        status: member.status,
        episode: member.episode,
      });
    }
    const wakeAt = incidentWakeAt(incident, state.settings.correlation, state.at);
    if (wakeAt !== null) expect(nextWakeAt(state)).toBeLessThanOrEqual(wakeAt);
  }
  for (const alert of active) {
    if (alert.incident === null) continue;
    expect(state.incidents.member(alert.incident, alert.id)?.episode).toBe(alert.episode);
  }
}

function tickWhatIsDue(state: CoreState): void {
  while ((nextWakeAt(state) ?? Number.POSITIVE_INFINITY) <= state.at) step(state, { kind: "tick", at: state.at });
}

/**
 * Somebody always looks at the clock: in which order several things are told that were overdue together depends on whether
 * somebody did so in between, be it by a repeat of the transport or at a restart.
 */
const looking = (list: readonly Happening[]): Happening[] => list.map((each) => ({ ...each, isStalled: false }));

/**
 * Whose agents are not expected any more: an absence is told for as long as it lasts. Under the CI's own name too: the one by
 * which it was heard is nobody's where the CMDB has lost the CI meanwhile.
 */
function farewells(list: readonly Happening[]): Happening[] {
  const names = list.flatMap(({ what }) => (what.type === "heard" ? [what.ci] : []));
  const owners = SMALL_CMDB.cis.filter(({ aliases }) =>
    aliases.some((alias) => names.some((name) => name.toLowerCase() === alias)),
  );
  const cis = new Set([...names, ...owners.map(({ id }) => id)]);
  return [...cis].map((ci) => ({ after: 0, isStalled: false, what: { type: "forget", ci } }));
}

describe.each(CORRELATORS)("$name", ({ create, isRestorable }) => {
  test("equal inputs give byte-equal effects, also where the clock goes back", () => {
    fc.assert(
      fc.property(happenings({ max: 120 }), (list) => {
        const { inputs, effects } = record(create, list);
        const again = freshCore(create);
        const said = inputs.map((input, index) => {
          const at = input.at === again.at && index % 2 === 0 ? input.at - 86_400_000 : input.at;
          return JSON.stringify(step(again, { ...input, at }));
        });
        expect(said).toEqual(effects);
      }),
      RUNS,
    );
  });

  test("incidents that are put to rest after every input, as far as they can be, make no difference", () => {
    fc.assert(
      fc.property(happenings({ max: 80 }), (list) => {
        const { inputs, effects } = record(create, list);
        const resting = freshCore(create);
        inputs.forEach((input, index) => {
          expect(`${index} ${JSON.stringify(step(resting, structuredClone(input)))}`).toBe(
            `${index} ${effects[index]}`,
          );
          resting.incidents.rest(Number.POSITIVE_INFINITY);
        });
      }),
      RUNS,
    );
  });

  test.runIf(isRestorable)(
    "a core that is restored from its store after every commit does as one that lives on",
    () => {
      fc.assert(
        fc.property(happenings({ max: 80, isAllStored: true }), (list) => {
          const { inputs, stored } = record(create, list);
          const kept = new Kept(create);
          inputs.forEach((input, index) => {
            const state = kept.restore();
            const said = step(state, structuredClone(input));
            expect(`${index} ${saidBy(said, state)}`).toBe(`${index} ${stored[index]}`);
            kept.commit(input, said, state);
          });
        }),
        RUNS,
      );
    },
  );

  test("a repeat of the transport is answered and changes nothing", () => {
    fc.assert(
      fc.property(happenings({ max: 60 }), (list) => {
        const { inputs, effects } = record(create, looking(list));
        const again = freshCore(create);
        inputs.forEach((input, index) => {
          expect(JSON.stringify(step(again, structuredClone(input)))).toBe(effects[index]);
          if (input.kind !== "event" || !input.event.idGiven) return;
          expect(step(again, structuredClone(input))).toEqual([{ kind: "outcome", outcome: { status: "duplicate" } }]);
        });
      }),
      RUNS,
    );
  });

  test("indexes equal those built from scratch", () => {
    fc.assert(
      fc.property(happenings({ max: 80 }), (list) => {
        const state = freshCore(create);
        live(
          list,
          () => state,
          (input) => {
            step(state, input);
            checkIndexes(state);
            // What is due and waits for a tick comes first; then everything was said that there is to say.
            tickWhatIsDue(state);
            expect(step(state, { kind: "tick", at: state.at })).toEqual([]);
          },
        );
      }),
      { numRuns: 60 },
    );
  });

  test("what the product promises holds after every input, and nobody is left untold", () => {
    fc.assert(
      fc.property(happenings({ max: 120 }), (list) => {
        const state = freshCore(create);
        const guarantees = new Guarantees();
        live(
          [...list, ...farewells(list)],
          () => state,
          (input) => {
            guarantees.check(input, step(state, input), state);
            if ((nextWakeAt(state) ?? Number.POSITIVE_INFINITY) > state.at) guarantees.checkAllTold(state);
          },
        );
        guarantees.checkEnd(state);
      }),
      RUNS,
    );
  });

  test("a core that is restarted where it is told so does as one that was told the same", () => {
    fc.assert(
      fc.property(happenings({ max: 60 }), (list) => {
        // Samples are forgotten.
        const remembered = looking(list).filter(({ what }) => what.type !== "sample");
        const { inputs, stored } = record(create, remembered);
        const kept = new Kept(create);
        let state = kept.restore();
        inputs.forEach((input, index) => {
          if (input.kind === "restarted") state = kept.restore();
          const said = step(state, structuredClone(input));
          expect(`${index} ${saidBy(said, state)}`).toBe(`${index} ${stored[index]}`);
          kept.commit(input, said, state);
        });
      }),
      RUNS,
    );
  });
});
