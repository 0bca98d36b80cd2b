import { marksOf } from "../../collector/core/model/event-id.ts";
import type { Alert } from "../../collector/core/model/alert.ts";
import type { CmdbDocument } from "../../collector/core/model/ci.ts";
import type { Correlator } from "../../collector/core/model/correlation.ts";
import type { Effect, Entity } from "../../collector/core/model/effect.ts";
import type { Input } from "../../collector/core/model/input.ts";
import { plainIncident } from "../../collector/core/model/incident-record.ts";
import { sightedOf } from "../../collector/core/model/member.ts";
import { idsOf, type Repeated } from "../../collector/core/model/repeated.ts";
import type { CoreSettings } from "../../collector/core/model/settings.ts";
import { type CoreState, createState } from "../../collector/core/state.ts";
import { nextWakeAt, step } from "../../collector/core/step.ts";
import type { LoadedEntity } from "../../collector/port/store.ts";
import { storedEntity, StoredReader, touchOf } from "../../collector/runtime/stored-form.ts";
import { T0 } from "./core-driver.ts";
import { type Happening, inputOf } from "./core-inputs.ts";
import { SMALL_CMDB, SMALL_SETTINGS } from "./core-world.ts";

/** So few that small storms have members beyond them. */
const MEMBERS_KEPT = 3;

export type CreateCorrelator = () => Correlator;

/** In what a core lives. */
export interface CoreWorld {
  cmdb: CmdbDocument;
  settings: CoreSettings;
  membersKept: number;
}

const SMALL_WORLD: CoreWorld = { cmdb: SMALL_CMDB, settings: SMALL_SETTINGS, membersKept: MEMBERS_KEPT };

export function freshCore(create: CreateCorrelator, world: CoreWorld = SMALL_WORLD): CoreState {
  return createState({ ...world, correlator: create() });
}

/** Turns happenings into inputs as they come, with the ticks that the core asks for, and hands each to `take`. */
export function live(list: readonly Happening[], view: () => CoreState, take: (input: Input) => void): void {
  let now = T0;
  const runTo = (at: number): void => {
    for (let wake = nextWakeAt(view()); wake !== null && wake <= at; wake = nextWakeAt(view())) {
      now = Math.max(now, wake);
      take({ kind: "tick", at: now });
    }
    now = at;
  };
  for (const { after, isStalled, what } of list) {
    if (isStalled) now += after;
    else runTo(now + after);
    const known = view()
      .incidents.live()
      .map((incident) => ({
        id: incident.id,
        alerts: incident.members.map((member) => member.alert),
      }));
    take(inputOf(what, now, known));
  }
  runTo(now + 28 * 3_600_000);
}

/** Effects as a store keeps them: what repeats have moved of a member is told by its alert. */
export function saidBy(effects: readonly Effect[], state: CoreState): string {
  return JSON.stringify(
    effects.map((effect) => {
      if (effect.kind !== "put" || effect.entity.kind !== "incident") return effect;
      const { entity } = effect;
      const members = entity.value.members.map((member) => ({
        ...member,
        ...sightedOf(member, state.alerts.get(member.alert), entity.id),
      }));
      return { ...effect, entity: { ...entity, value: { ...plainIncident(entity.value), members } } };
    }),
  );
}

/** Everything that went in and came out of a core that lived on. */
export function record(
  create: CreateCorrelator,
  list: readonly Happening[],
): { inputs: Input[]; effects: string[]; stored: string[]; state: CoreState } {
  const state = freshCore(create);
  const inputs: Input[] = [];
  const effects: string[] = [];
  const stored: string[] = [];
  live(
    list,
    () => state,
    (input) => {
      inputs.push(structuredClone(input));
      const said = step(state, input);
      effects.push(JSON.stringify(said));
      stored.push(saidBy(said, state));
    },
  );
  return { inputs, effects, stored, state };
}

/** What a store keeps: the stored form of entities, touches beside them, and the last event ids. */
export class Kept {
  private readonly create: CreateCorrelator;
  private readonly stored = new Map<string, LoadedEntity>();
  readonly eventIds: string[] = [];
  at = 0;
  cmdb: CmdbDocument;
  private settings: CoreSettings;
  private readonly world: CoreWorld;

  constructor(create: CreateCorrelator, world: CoreWorld = SMALL_WORLD) {
    this.create = create;
    this.world = world;
    this.cmdb = world.cmdb;
    this.settings = world.settings;
  }

  /** @param state after the step. */
  commit(input: Input, effects: readonly Effect[], state: CoreState): void {
    this.at = Math.max(this.at, input.at);
    if (input.kind === "topology") this.cmdb = input.cmdb;
    if (input.kind === "settings") this.settings = input.settings;
    for (const effect of effects) {
      if (effect.kind === "put") this.put(effect.entity, state);
      else if (effect.kind === "remove") this.stored.delete(`${effect.entity} ${effect.id}`);
      else if (effect.kind === "touch") this.touch(effect.alert);
      else if (effect.kind === "repeated") this.repeat(effect.repeated);
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

  private put(entity: Entity, state: CoreState): void {
    const { kind, id, body } = storedEntity(entity, (alert) => state.alerts.get(alert), {
      alert: (alert) => state.correlator.noted(alert),
      incident: (incident) => state.correlator.threadOf(incident),
    });
    if (body !== null) this.stored.set(`${kind} ${id}`, { kind, id, body, touch: null });
  }

  private repeat({ ids, counts, seenAt, occurredAt, expiresAfterMs, expiresAt }: Repeated): void {
    for (const [index, alert] of [...idsOf(ids)].entries()) {
      const known = this.stored.get(`alert ${alert}`);
      const times = { lastSeenAt: seenAt, lastOccurredAt: occurredAt, expiresAfterMs, expiresAt };
      if (known !== undefined) known.touch = { alert, ...times, count: counts[index] ?? 0 };
    }
  }

  private touch(alert: Alert): void {
    const known = this.stored.get(`alert ${alert.id}`);
    if (known !== undefined) known.touch = touchOf(alert);
  }

  /** How many event ids are remembered changes only with a restart of the program: here no other than the first number is. */
  restore(): CoreState {
    const reader = new StoredReader();
    // In the order of a store, which is not that of their birth.
    reader.read([...this.stored.values()].sort((a, b) => (`${a.kind} ${a.id}` < `${b.kind} ${b.id}` ? -1 : 1)));
    const { membersKept, settings: first } = this.world;
    const { eventIdsMax } = first.limits;
    const settings = { ...this.settings, limits: { ...this.settings.limits, eventIdsMax } };
    return createState({
      cmdb: this.cmdb,
      settings,
      correlator: this.create(),
      membersKept,
      alerts: reader.alerts,
      entities: reader.entities(),
      eventIds: [marksOf(this.eventIds.slice(-eventIdsMax))],
      at: this.at,
    });
  }
}
