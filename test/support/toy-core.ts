import { alertLabel } from "../../collector/core/model/alert-label.ts";
import { UNKNOWN_PLACE } from "../../collector/core/model/alert-ref.ts";
import { blankAlert } from "../../collector/core/model/blank-alert.ts";
import type { Alert } from "../../collector/core/model/alert.ts";
import { EMPTY_CMDB } from "../../collector/core/model/ci.ts";
import { plainAlert } from "../../collector/core/model/live-alert.ts";
import { incidentDocument } from "../../collector/core/model/document.ts";
import type { Effect } from "../../collector/core/model/effect.ts";
import { marksOf } from "../../collector/core/model/event-id.ts";
import type { Event } from "../../collector/core/model/event.ts";
import type { Incident, Member } from "../../collector/core/model/incident.ts";
import type { Input } from "../../collector/core/model/input.ts";
import type { NotificationKind } from "../../collector/core/model/notification-kind.ts";
import { DEFAULT_SETTINGS } from "../../collector/core/model/settings.ts";
import type { Core, StoredState } from "../../collector/runtime/core.ts";
import { markNames } from "./store-commit.ts";

const hex = (text: string): string => {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
};

/**
 * A core small enough to reason about in tests of the runtime: one incident a CI, told to every receiver at once, resolved
 * with its last alert, closed by a tick after a minute. Summary `boom` makes it throw, after it has changed its state.
 */
export class ToyCore implements Core {
  readonly inputs: Input[] = [];
  readonly receivers: readonly string[];
  private readonly ids: Set<string>;
  private readonly alertMap = new Map<string, Alert>();
  private readonly incidentMap = new Map<string, Incident>();
  private count = 0;

  constructor(stored: StoredState, receivers: readonly string[] = ["hook"]) {
    this.receivers = receivers;
    this.ids = new Set(stored.eventIds.flatMap(markNames));
    for (const { alert } of stored.alerts.inOrder()) this.alertMap.set(alert.id, plainAlert(alert));
    for (const entity of stored.entities) {
      if (entity.kind === "incident") this.incidentMap.set(entity.id, entity.value);
      if (entity.kind === "meta") this.count = (entity.value as { count: number }).count;
    }
  }

  alertRoom(): number {
    return Number.POSITIVE_INFINITY;
  }

  placeOf(): number {
    return UNKNOWN_PLACE;
  }

  noted(): null {
    return null;
  }

  threadOf(): null {
    return null;
  }

  step(input: Input): Effect[] {
    this.inputs.push(input);
    switch (input.kind) {
      case "event":
        return this.take(input.event, input.at);
      case "tick":
        return this.tick(input.at);
      case "command":
        return [{ kind: "outcome", outcome: { status: "accepted", alert: null, incident: null } }];
      case "delivery":
        return this.told(input.outcome.incident, input.outcome.status);
      case "again":
      case "heartbeat":
      case "sample":
      case "topology":
      case "settings":
      case "restarted":
        return [];
    }
  }

  nextWakeAt(): number | null {
    const waits = [...this.incidentMap.values()].flatMap(({ resolvedAt }) =>
      resolvedAt === null ? [] : resolvedAt + 60_000,
    );
    return waits.length === 0 ? null : Math.min(...waits);
  }

  private take(event: Event, at: number): Effect[] {
    const [mark = ""] = markNames(marksOf([`${event.source}\n${event.id}`]));
    if (event.idGiven && this.ids.has(mark)) return [{ kind: "outcome", outcome: { status: "duplicate" } }];
    if (event.idGiven) this.ids.add(mark);
    if (event.summary === "boom") throw new Error("boom");
    const id = `a-${hex(`${event.ci}\n${event.check}\n${event.instance}`)}`;
    const known = this.alertMap.get(id);
    if (known !== undefined && known.status === event.status && event.status === "firing") {
      Object.assign(known, { lastSeenAt: at, lastOccurredAt: event.occurredAt, count: known.count + 1 });
      return [
        { kind: "touch", alert: known },
        { kind: "outcome", outcome: { status: "accepted", alert: id, incident: known.incident } },
      ];
    }
    const alert = known ?? createAlert(id, event, at);
    this.alertMap.set(id, alert);
    Object.assign(alert, { status: event.status, lastSeenAt: at, resolvedAt: event.status === "resolved" ? at : null });
    return this.correlate(alert, event, at);
  }

  private correlate(alert: Alert, event: Event, at: number): Effect[] {
    const found = [...this.incidentMap.values()].find(({ title, status }) => title === event.ci && status === "open");
    const incident = found ?? this.open(event, at);
    if (found === undefined && event.status === "resolved")
      return [
        { kind: "put", entity: { kind: "alert", id: alert.id, value: alert } },
        { kind: "outcome", outcome: { status: "accepted", alert: alert.id, incident: null } },
      ];
    this.incidentMap.set(incident.id, incident);
    alert.incident = incident.id;
    incident.members = [...incident.members.filter((member) => member.alert !== alert.id), createMember(alert, at)];
    incident.revision += 1;
    const isOver = incident.members.every(({ status }) => status === "resolved");
    if (isOver) Object.assign(incident, { status: "resolved", resolvedAt: at });
    const kind = found === undefined ? "opened" : isOver ? "resolved" : undefined;
    return [
      { kind: "put", entity: { kind: "alert", id: alert.id, value: alert } },
      ...(kind === undefined ? [] : this.tell(incident, kind, at)),
      { kind: "put", entity: { kind: "meta", id: "count", value: { count: this.count } } },
      { kind: "put", entity: { kind: "incident", id: incident.id, value: incident } },
      { kind: "outcome", outcome: { status: "accepted", alert: alert.id, incident: incident.id } },
    ];
  }

  private open(event: Event, at: number): Incident {
    if (event.status === "firing") this.count += 1;
    return createIncident(`inc-${hex(event.ci)}-${this.count}`, this.count, event, at);
  }

  private tell(incident: Incident, kind: NotificationKind, at: number): Effect[] {
    const document = incidentDocument(incident, () => undefined);
    return this.receivers.flatMap((receiver): Effect[] => [
      {
        kind: "notify",
        notification: {
          idempotencyKey: `${incident.id}-${kind}-${incident.revision}-${receiver}`,
          incident: incident.id,
          revision: incident.revision,
          receiver,
          kind,
          page: kind === "opened",
          at,
          reason: "test",
          document,
        },
      },
      {
        kind: "ledger",
        record: {
          at,
          decision: "notification.decided",
          incident: incident.id,
          alert: null,
          ci: incident.title,
          rule: kind,
          reasons: ["test"],
          counterfactual: null,
          facts: { receiver },
        },
      },
    ]);
  }

  private tick(at: number): Effect[] {
    const effects: Effect[] = [];
    for (const incident of this.incidentMap.values()) {
      if (incident.resolvedAt === null || incident.resolvedAt + 60_000 > at) continue;
      this.incidentMap.delete(incident.id);
      Object.assign(incident, { status: "closed", closedAt: at });
      effects.push({ kind: "put", entity: { kind: "incident", id: incident.id, value: incident } });
    }
    return effects;
  }

  private told(id: string, status: string): Effect[] {
    const incident = this.incidentMap.get(id);
    if (incident === undefined) return [];
    incident.timeline.push({ at: 0, kind: "delivery", text: status, actor: null });
    return [{ kind: "put", entity: { kind: "incident", id, value: incident } }];
  }

  alert(id: string): Alert | undefined {
    return this.alertMap.get(id);
  }
  alerts(): Iterable<Alert> {
    return this.alertMap.values();
  }
  alertsWithLabel(name: string, value: string): Alert[] {
    return [...this.alertMap.values()].filter((alert) => alertLabel(alert, name) === value);
  }
  incident(id: string): Incident | undefined {
    return this.incidentMap.get(id);
  }
  incidents(): readonly Incident[] {
    return [...this.incidentMap.values()].sort((a, b) => a.number - b.number);
  }
  problems = () => [];
  changes = () => [];
  silences = () => [];
  maintenance = () => [];
  settings = () => DEFAULT_SETTINGS;
  cmdb = () => EMPTY_CMDB;
  ci = () => undefined;
  receiversOf = () => this.receivers;
  /** Nothing of a toy is large. */
  rest(): number {
    return 0;
  }

  counts() {
    return { openIncidents: this.incidentMap.size, activeAlerts: this.alertMap.size, cis: 0, relations: 0 };
  }
}

function createAlert(id: string, event: Event, at: number): Alert {
  const { ci, source, check, instance, severity, summary, labels, annotations, links, occurredAt } = event;
  return {
    ...blankAlert(),
    id,
    ci,
    source,
    check,
    instance,
    status: event.status,
    severity,
    summary,
    labels,
    annotations,
    links,
    episode: 1,
    firstSeenAt: at,
    lastSeenAt: at,
    occurredAt,
    lastOccurredAt: occurredAt,
    count: 1,
  };
}

function createMember(alert: Alert, at: number): Member {
  const { ci, source, check, instance, severity, summary, status, firstSeenAt, lastSeenAt, resolvedAt } = alert;
  return {
    alert: alert.id,
    episode: alert.episode,
    ci,
    source,
    check,
    instance,
    severity,
    summary,
    status: status === "resolved" ? "resolved" : "firing",
    firstSeenAt,
    lastSeenAt,
    resolvedAt,
    occurredAt: alert.occurredAt,
    count: alert.count,
    joinedAt: at,
    reason: "same CI",
  };
}

function createIncident(id: string, number: number, event: Event, at: number): Incident {
  return {
    id,
    number,
    status: "open",
    severity: event.severity,
    priority: "P3",
    title: event.ci,
    openedAt: at,
    acknowledgedAt: null,
    resolvedAt: null,
    closedAt: null,
    reopened: 0,
    rootCause: { ci: event.ci, confidence: 1, inferred: false, candidates: [], change: null },
    rootPinned: false,
    impact: { services: [], cis: [event.ci] },
    members: [],
    owner: null,
    timeline: [],
    revision: 0,
    mergedInto: null,
    problem: null,
    told: [],
    holdUntil: null,
    holdReason: null,
    quietSince: null,
  } as unknown as Incident;
}
