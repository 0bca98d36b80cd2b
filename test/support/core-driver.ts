import { plainAlert } from "../../collector/core/model/live-alert.ts";
import type { Alert } from "../../collector/core/model/alert.ts";
import { alertId } from "../../collector/core/model/alert-table.ts";
import { type Ci, type CmdbDocument, EMPTY_CMDB, type Relation } from "../../collector/core/model/ci.ts";
import type { Correlator } from "../../collector/core/model/correlation.ts";
import type { Effect, Entity, Outcome } from "../../collector/core/model/effect.ts";
import type { Event } from "../../collector/core/model/event.ts";
import type { Incident } from "../../collector/core/model/incident.ts";
import type { Command, Input } from "../../collector/core/model/input.ts";
import type { LedgerRecord } from "../../collector/core/model/ledger.ts";
import type { Notification } from "../../collector/core/model/notification.ts";
import { type CoreSettings, DEFAULT_SETTINGS } from "../../collector/core/model/settings.ts";
import { type CoreState, createState } from "../../collector/core/state.ts";
import { nextWakeAt, step } from "../../collector/core/step.ts";
import { NeighbourCorrelator } from "./neighbour-correlator.ts";

/** 2026-01-01T00:00:00Z: times in tests are seconds after it. */
export const T0 = 1_767_225_600_000;

export const seconds = (count: number): number => T0 + count * 1000;
export const minutes = (count: number): number => T0 + count * 60_000;

let sequence = 0;

/** A firing event of now, unless said otherwise; every one has an id of its own. */
export function eventAt(at: number, fields: Partial<Event> = {}): Event {
  sequence += 1;
  return {
    id: `t-${sequence}`,
    idGiven: true,
    source: "agent",
    ci: "web-01",
    check: "cpu",
    instance: "",
    kind: "alert",
    status: "firing",
    severity: "critical",
    summary: "CPU is busy",
    occurredAt: at,
    labels: {},
    annotations: {},
    links: [],
    expiresAfterMs: null,
    ...fields,
  };
}

export function ciOf(id: string, fields: Partial<Ci> = {}): Ci {
  return {
    id,
    type: "host",
    name: id,
    aliases: [],
    labels: {},
    owner: null,
    criticality: null,
    minHealthy: null,
    known: true,
    ...fields,
  };
}

/** `"web-01 runsOn hv-1"`. */
export function relationOf(text: string): Relation {
  const [from = "", type = "", to = ""] = text.split(" ");
  return { from, type, to, source: "cmdb", confidence: 1, lastSeenAt: null };
}

/** A CMDB from relations as text; CIs are those they name, and the given ones. */
export function cmdbOf(
  relations: readonly string[],
  cis: readonly Ci[] = [],
  vantage: readonly string[] = [],
): CmdbDocument {
  const parsed = relations.map(relationOf);
  const known = new Map(cis.map((ci) => [ci.id, ci]));
  for (const { from, to } of parsed) for (const id of [from, to]) if (!known.has(id)) known.set(id, ciOf(id));
  return { vantage: [...vantage], cis: [...known.values()], relations: parsed, maintenance: [] };
}

/** Everything goes to one receiver, `oncall`. */
export const ONE_ROUTE: CoreSettings = {
  ...DEFAULT_SETTINGS,
  routes: [{ match: {}, receivers: ["oncall"], continue: false }],
};

/** Drives one core through virtual time and keeps what it said. Ticks come exactly when the core asked for them. */
export class CoreDriver {
  readonly state: CoreState;
  readonly effects: Effect[] = [];
  now = T0;

  /** @param options.after the core that was stopped: this one begins with what that one stored */
  constructor(
    options: { cmdb?: CmdbDocument; settings?: CoreSettings; correlator?: Correlator; after?: CoreDriver } = {},
  ) {
    const { cmdb = EMPTY_CMDB, settings = ONE_ROUTE, correlator = new NeighbourCorrelator(), after } = options;
    const { now = T0 } = after ?? {};
    this.state = createState({ cmdb, settings, correlator, entities: after?.stored() ?? [], at: after?.now ?? 0 });
    this.now = now;
  }

  /** What a store would have now. */
  stored(): Entity[] {
    const stored = new Map<string, Entity>();
    for (const effect of this.effects) {
      if (effect.kind === "put") stored.set(`${effect.entity.kind} ${effect.entity.id}`, effect.entity);
      else if (effect.kind === "remove") stored.delete(`${effect.entity} ${effect.id}`);
    }
    const { correlator } = this.state;
    const entities = [...stored.values()].map((entity): Entity => {
      if (entity.kind === "alert") return { ...entity, noted: correlator.noted(entity.id) };
      return entity.kind === "incident" ? { ...entity, noted: correlator.threadOf(entity.id) } : entity;
    });
    const plain = entities.map((entity) =>
      entity.kind === "alert" ? { ...entity, value: plainAlert(entity.value) } : entity,
    );
    return JSON.parse(JSON.stringify(plain)) as Entity[];
  }

  /** Lets time run. */
  to(at: number): this {
    for (let wake = nextWakeAt(this.state); wake !== null && wake <= at; wake = nextWakeAt(this.state)) {
      this.input({ kind: "tick", at: Math.max(wake, this.now) });
    }
    this.now = at;
    return this;
  }

  input(input: Input): readonly Effect[] {
    this.now = input.at;
    const effects = step(this.state, input);
    this.effects.push(...effects);
    return effects;
  }

  /** An event now; its time is now unless given. */
  event(fields: Partial<Event> = {}): Outcome {
    return outcomeOf(this.input({ kind: "event", at: this.now, event: eventAt(this.now, fields) }));
  }

  command(command: Command, actor = "anna"): Outcome {
    return outcomeOf(this.input({ kind: "command", at: this.now, actor, command }));
  }

  alert(fields: Partial<Event> = {}): Alert | undefined {
    const { ci, source, check, instance } = eventAt(0, fields);
    return this.state.alerts.get(alertId(ci, source, check, instance));
  }

  /** By number. */
  incident(number: number): Incident | undefined {
    return this.all<Incident>("incident").findLast((incident) => incident.number === number);
  }

  notifications(): Notification[] {
    return this.effects.flatMap((effect) => (effect.kind === "notify" ? [effect.notification] : []));
  }

  /** Kinds in order, pages in capitals: `OPENED updated resolved`. */
  told(receiver = "oncall"): string {
    return this.notifications()
      .filter((notification) => notification.receiver === receiver)
      .map(({ kind, page }) => (page ? kind.toUpperCase() : kind))
      .join(" ");
  }

  ledger(decision?: string): LedgerRecord[] {
    return this.effects.flatMap((effect) =>
      effect.kind === "ledger" && (decision === undefined || effect.record.decision === decision)
        ? [effect.record]
        : [],
    );
  }

  private all<T>(kind: string): T[] {
    return this.effects.flatMap((effect) =>
      effect.kind === "put" && effect.entity.kind === kind ? [effect.entity.value as T] : [],
    );
  }
}

function outcomeOf(effects: readonly Effect[]): Outcome {
  const outcomes = effects.flatMap((effect) => (effect.kind === "outcome" ? [effect.outcome] : []));
  const [outcome] = outcomes;
  if (outcome === undefined || outcomes.length !== 1) throw new Error(`${outcomes.length} outcomes for one input`);
  return outcome;
}
