import * as fc from "fast-check";
import { expect, test } from "vitest";
import { isActive } from "../../collector/core/model/alert-table.ts";
import type { Effect, Entity } from "../../collector/core/model/effect.ts";
import type { Input } from "../../collector/core/model/input.ts";
import type { CmdbDocument } from "../../collector/core/model/ci.ts";
import { type CoreState, createState } from "../../collector/core/state.ts";
import { nextWakeAt, step } from "../../collector/core/step.ts";
import { incidentWakeAt } from "../../collector/core/incident/life.ts";
import { Mutes } from "../../collector/core/notify/mutes.ts";
import { TimerQueue } from "../../collector/core/model/timer-queue.ts";
import { T0 } from "../support/core-driver.ts";
import { type Happening, happenings, inputOf, SMALL_CMDB, SMALL_SETTINGS } from "../support/core-inputs.ts";
import { NeighbourCorrelator } from "../support/neighbour-correlator.ts";

const RUNS = { numRuns: 150 };

function fresh(): CoreState {
  return createState({ cmdb: SMALL_CMDB, settings: SMALL_SETTINGS, correlator: new NeighbourCorrelator() });
}

/** Turns happenings into inputs as they come, with the ticks that the core asks for, and hands each to `take`. */
function live(list: readonly Happening[], view: () => CoreState, take: (input: Input) => void): void {
  let now = T0;
  const runTo = (at: number): void => {
    for (let wake = nextWakeAt(view()); wake !== null && wake <= at; wake = nextWakeAt(view())) {
      now = Math.max(now, wake);
      take({ kind: "tick", at: now });
    }
    now = at;
  };
  for (const { after, what } of list) {
    runTo(now + after);
    const known = view()
      .incidents.live()
      .map((incident) => ({
        id: incident.id,
        alerts: incident.members.map((member) => member.alert),
      }));
    take(inputOf(what, now, known));
  }
  runTo(now + 26 * 3_600_000);
}

function record(list: readonly Happening[]): { inputs: Input[]; effects: string[]; state: CoreState } {
  const state = fresh();
  const inputs: Input[] = [];
  const effects: string[] = [];
  live(
    list,
    () => state,
    (input) => {
      inputs.push(structuredClone(input));
      effects.push(JSON.stringify(step(state, input)));
    },
  );
  return { inputs, effects, state };
}

/** What a store keeps: the JSON of entities, touches folded in, and the last event ids. */
class Kept {
  readonly bodies = new Map<string, string>();
  readonly eventIds: string[] = [];
  at = 0;
  cmdb: CmdbDocument = SMALL_CMDB;

  commit(input: Input, effects: readonly Effect[]): void {
    this.at = Math.max(this.at, input.at);
    if (input.kind === "topology") this.cmdb = input.cmdb;
    for (const effect of effects) {
      if (effect.kind === "put")
        this.bodies.set(`${effect.entity.kind} ${effect.entity.id}`, JSON.stringify(effect.entity));
      else if (effect.kind === "remove") this.bodies.delete(`${effect.entity} ${effect.id}`);
      else if (effect.kind === "touch") this.touch(effect);
      else if (
        effect.kind === "outcome" &&
        effect.outcome.status !== "duplicate" &&
        input.kind === "event" &&
        input.event.idGiven
      ) {
        this.eventIds.push(`${input.event.source}\n${input.event.id}`);
      }
    }
  }

  private touch({ alert }: Extract<Effect, { kind: "touch" }>): void {
    const key = `alert ${alert.id}`;
    const entity = JSON.parse(this.bodies.get(key) ?? "null") as Extract<Entity, { kind: "alert" }>;
    const { lastSeenAt, lastOccurredAt, count, expiresAt } = alert;
    Object.assign(entity.value, { lastSeenAt, lastOccurredAt, count, expiresAt });
    this.bodies.set(key, JSON.stringify(entity));
  }

  restore(): CoreState {
    const entities = [...this.bodies.values()].map((body) => JSON.parse(body) as Entity);
    // In the store's order, which is not the order of their birth.
    entities.sort((a, b) => (`${a.kind} ${a.id}` < `${b.kind} ${b.id}` ? -1 : 1));
    return createState({
      cmdb: this.cmdb,
      settings: SMALL_SETTINGS,
      correlator: new NeighbourCorrelator(),
      entities,
      eventIds: this.eventIds.slice(-SMALL_SETTINGS.limits.eventIdsMax),
      at: this.at,
    });
  }
}

test("equal inputs give byte-equal effects", () => {
  fc.assert(
    fc.property(happenings({ max: 120 }), (list) => {
      const { inputs, effects } = record(list);
      const again = fresh();
      expect(inputs.map((input) => JSON.stringify(step(again, input)))).toEqual(effects);
    }),
    RUNS,
  );
});

test("a core that is restored from its store after every commit does as one that lives on", () => {
  fc.assert(
    fc.property(happenings({ max: 80 }), (list) => {
      const { inputs, effects } = record(list);
      const kept = new Kept();
      inputs.forEach((input, index) => {
        const said = step(kept.restore(), structuredClone(input));
        expect(`${index} ${JSON.stringify(said)}`).toBe(`${index} ${effects[index]}`);
        kept.commit(input, said);
      });
    }),
    RUNS,
  );
});

test("a repeat of the transport is answered and changes nothing", () => {
  fc.assert(
    fc.property(happenings({ max: 60 }), (list) => {
      const { inputs, effects } = record(list);
      const again = fresh();
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
      const state = fresh();
      live(
        list,
        () => state,
        (input) => {
          step(state, input);
          checkIndexes(state);
        },
      );
    }),
    { numRuns: 60 },
  );
});

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
    if (incident.status !== "resolved") expect(incident.members.length).toBeGreaterThan(0);
    expect(new Set(incident.members.map((member) => member.alert)).size).toBe(incident.members.length);
    const isAlive = incident.members.filter((member) => member.status !== "resolved");
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

test("who was told of the fire is told of its end, once each, and no key is used twice", () => {
  fc.assert(
    fc.property(happenings({ max: 120 }), (list) => {
      const { effects } = record(list);
      const all = effects.flatMap((text) => JSON.parse(text) as Effect[]);
      const notifications = all.flatMap((effect) => (effect.kind === "notify" ? [effect.notification] : []));
      const keys = notifications.map((notification) => notification.idempotencyKey);
      expect(new Set(keys).size).toBe(keys.length);
      const last = new Map<string, string>();
      for (const { incident, receiver, kind, page, document } of notifications) {
        const thread = `${incident} ${receiver}`;
        const before = last.get(thread);
        // A thread begins with its first word, and after its end only a return is told.
        if (before === undefined) expect(["opened", "resolved"]).toContain(kind);
        else if (before === "resolved") expect(kind).toBe("reopened");
        else expect(["opened", "reopened"]).not.toContain(kind);
        if (page) expect(document.status).toBe("open");
        last.set(thread, kind);
      }
      // A day later everything has expired.
      expect([...last.values()].filter((kind) => kind !== "resolved")).toEqual([]);
    }),
    RUNS,
  );
});
