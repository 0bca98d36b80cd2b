import type { Alert, AlertStatus } from "../core/model/alert.ts";
import type { Ci, CmdbDocument, MaintenanceWindow } from "../core/model/ci.ts";
import type { ChangeRecord } from "../core/model/correlation.ts";
import { type AlertDocument, alertDocument, type IncidentDocument, incidentDocument } from "../core/model/document.ts";
import { IncidentRecord } from "../core/model/incident-record.ts";
import { INCIDENT_STATUSES, type Incident, type IncidentStatus } from "../core/model/incident.ts";
import type { Problem } from "../core/model/problem.ts";
import type { CoreSettings } from "../core/model/settings.ts";
import type { Silence } from "../core/model/silence.ts";
import type { ListQuery, Page, Query } from "../port/query.ts";
import { type LedgerQuery, type Store, type StoredLedgerRecord, sortKey } from "../port/store.ts";
import type { Core } from "./core.ts";
import { decodeCursor, encodeCursor, type Mark } from "./cursor.ts";
import { mutesOf } from "./incident-mutes.ts";
import { newest, type Placed } from "./newest.ts";
import { readAlert } from "./stored-alert.ts";

export interface QueryOptions {
  /** The partition: its core, and when what the core has is durable. */
  partition: { readonly core: Core; settled: () => Promise<void> };
  store: Pick<Store, "entity" | "entities" | "ledger">;
  /** Names of the configured receivers, in the order of the configuration. */
  receivers: () => readonly string[];
}

const NOT_OVER: readonly IncidentStatus[] = ["open", "acknowledged"];
/** Closed incidents that one page looks at when it filters by CI; the cursor then leads on. */
const CLOSED_EXAMINED_MAX = 5_000;

export function createQuery(options: QueryOptions): Query {
  return new LiveQuery(options);
}

/**
 * Reads. What is live comes from the core, what is history from the store. Lists and single incidents wait until what they
 * show is durable: a page is made at once, and handed out after the commit. What returns without a promise may be ahead of
 * the disk by the commit that is on its way.
 */
class LiveQuery implements Query {
  private readonly options: QueryOptions;

  constructor(options: QueryOptions) {
    this.options = options;
  }

  private get core(): Core {
    return this.options.partition.core;
  }

  placeOf(alert: string): number {
    return this.core.placeOf(alert);
  }

  async incidents(query: ListQuery<IncidentStatus>): Promise<Page<IncidentDocument>> {
    const { core } = this;
    const statuses = query.statuses === "all" ? INCIDENT_STATUSES : (query.statuses ?? NOT_OVER);
    const ci = query.ci === undefined ? undefined : (core.ci(query.ci)?.id ?? query.ci);
    const after = decodeCursor(query.cursor);
    const wanted = query.limit + 1;
    const live = newest(placedIncidents(core.incidents(), statuses, ci), wanted, after).map((placed) => ({
      ...placed,
      item: this.document(placed.item),
    }));
    await this.options.partition.settled();
    const closed: ClosedPage = statuses.includes("closed")
      ? await this.closed(ci, wanted, after)
      : { items: [], end: null };
    const known = new Set(live.map(({ id }) => id));
    const all = [...live, ...closed.items.filter(({ id }) => !known.has(id))].sort(
      (a, b) => b.at - a.at || (a.id < b.id ? 1 : -1),
    );
    // A scan that was cut short knows nothing of what comes behind its end.
    const { end } = closed;
    const sure = end === null ? all : all.filter(({ at, id }) => at > end.at || (at === end.at && id >= end.id));
    if (end !== null && sure.length <= query.limit)
      return { items: sure.map(({ item }) => item), next: encodeCursor(end) };
    return pageOf(sure, query.limit);
  }

  async incident(idOrNumber: string): Promise<IncidentDocument | undefined> {
    const { core, options } = this;
    const found = core.incident(idOrNumber) ?? findByNumber(core.incidents(), idOrNumber);
    if (found !== undefined) {
      const document = this.document(found);
      await options.partition.settled();
      return document;
    }
    const body = await options.store.entity("incident", idOrNumber);
    return body === undefined ? undefined : this.document(JSON.parse(body) as Incident);
  }

  async alerts(query: ListQuery<AlertStatus>): Promise<Page<AlertDocument>> {
    const { core } = this;
    const { statuses } = query;
    const ci = query.ci === undefined ? undefined : (core.ci(query.ci)?.id ?? query.ci);
    const isWanted = (alert: Readonly<Alert>): boolean => {
      if (ci !== undefined && alert.ci !== ci) return false;
      if (statuses === "all") return true;
      return statuses === undefined ? alert.status !== "resolved" : statuses.includes(alert.status);
    };
    const placed = newest(placedAlerts(core.alerts(), isWanted), query.limit + 1, decodeCursor(query.cursor));
    const page = pageOf(
      placed.map(({ at, id, item }) => ({ at, id, item: shownAlert(item) })),
      query.limit,
    );
    await this.options.partition.settled();
    return page;
  }

  *liveAlerts(): Iterable<Readonly<Alert>> {
    for (const alert of this.core.alerts()) if (alert.status !== "resolved") yield alert;
  }

  async annotations(id: string): Promise<Readonly<Record<string, string>>> {
    const live = this.core.alert(id);
    if (live !== undefined) return live.annotations;
    const body = await this.options.store.entity("alert", id);
    return body === undefined ? {} : readAlert(id, body).alert.annotations;
  }

  liveAlertsWith(name: string, value: string): readonly Readonly<Alert>[] {
    return this.core.alertsWithLabel(name, value).filter((alert) => alert.status !== "resolved");
  }

  async changes(query: { ci?: string; limit: number; cursor: string | null }): Promise<Page<ChangeRecord>> {
    const { core } = this;
    const ci = query.ci === undefined ? undefined : (core.ci(query.ci)?.id ?? query.ci);
    const placed = newest(placedChanges(core.changes(), ci), query.limit + 1, decodeCursor(query.cursor));
    const page = pageOf(
      placed.map((change) => ({ ...change, item: { ...change.item } })),
      query.limit,
    );
    await this.options.partition.settled();
    return page;
  }

  async problems(query: { limit: number; cursor: string | null }): Promise<Page<Problem>> {
    const placed = newest(placedProblems(this.recurring()), query.limit + 1, decodeCursor(query.cursor));
    const page = pageOf(
      placed.map((problem) => ({ ...problem, item: structuredClone(problem.item) as Problem })),
      query.limit,
    );
    await this.options.partition.settled();
    return page;
  }

  /** The core remembers the first of every root; a problem it is once there is another, or the same one comes back. */
  private *recurring(): Iterable<Readonly<Problem>> {
    const linked = new Set<string | null>();
    for (const { problem } of this.core.incidents()) linked.add(problem);
    for (const problem of this.core.problems()) if (problem.count > 1 || linked.has(problem.id)) yield problem;
  }

  async ledger(query: LedgerQuery): Promise<Page<StoredLedgerRecord>> {
    const ci = query.ci === undefined ? undefined : (this.core.ci(query.ci)?.id ?? query.ci);
    const records = await this.options.store.ledger({
      ...query,
      ...(ci !== undefined && { ci }),
      limit: query.limit + 1,
    });
    const items = records.slice(0, query.limit);
    return { items, next: records.length > query.limit ? String(items.at(-1)?.number) : null };
  }

  silences(): Silence[] {
    return [...this.core.silences()];
  }

  settings(): Readonly<CoreSettings> {
    return this.core.settings();
  }

  receivers(): readonly string[] {
    return this.options.receivers();
  }

  receiversOf(alert: Readonly<Alert>): readonly string[] {
    return this.core.receiversOf(alert);
  }

  maintenance(): MaintenanceWindow[] {
    return [...this.core.maintenance()];
  }

  cmdb(): CmdbDocument {
    return this.core.cmdb();
  }

  ci(name: string): Ci | undefined {
    return this.core.ci(name);
  }

  counts(): { openIncidents: number; activeAlerts: number; cis: number; relations: number } {
    return this.core.counts();
  }

  /** Nothing in it changes with the next step: what is not made anew for the document is copied. */
  private document(incident: Readonly<Incident>): IncidentDocument {
    const { core } = this;
    const { rootCause, impact } = structuredClone({ rootCause: incident.rootCause, impact: incident.impact });
    const muted = mutesOf(incident, {
      alert: (id) => core.alert(id),
      silences: () => core.silences(),
      maintenance: () => core.maintenance(),
    });
    const document = { ...incidentDocument(incident, (id) => core.alert(id)), rootCause, impact };
    return muted.length === 0 ? document : { ...document, muted };
  }

  private async closed(ci: string | undefined, limit: number, after: Mark | null): Promise<ClosedPage> {
    const items: Placed<IncidentDocument>[] = [];
    let before = after === null ? undefined : sortKey(after.at, after.id);
    for (let examined = 0; items.length < limit; ) {
      const page = await this.options.store.entities({
        kind: "incident",
        statuses: ["closed"],
        limit: Math.max(limit, 50),
        ...(before !== undefined && { before }),
      });
      for (const { body } of page.items) {
        const incident = JSON.parse(body) as Incident;
        if (ci === undefined || concerns(incident, ci))
          items.push({ at: incident.openedAt, id: incident.id, item: this.document(incident) });
      }
      const last = page.items.at(-1);
      if (last === undefined) break;
      before = last.sort;
      examined += page.items.length;
      const [at = "0"] = last.sort.split(":", 1);
      if (examined >= CLOSED_EXAMINED_MAX)
        return { items, end: { at: Number(at), id: last.sort.slice(at.length + 1) } };
    }
    return { items, end: null };
  }
}

function shownAlert(alert: Readonly<Alert>): AlertDocument {
  const { suppressedBy } = alert;
  return suppressedBy.length === 0
    ? alertDocument(alert)
    : { ...alertDocument(alert), suppressedBy: [...suppressedBy] };
}

interface ClosedPage {
  items: Placed<IncidentDocument>[];
  /** Not null: the scan was cut short here. */
  end: Mark | null;
}

function pageOf<T>(placed: readonly Placed<T>[], limit: number): Page<T> {
  const last = placed[limit - 1];
  const next = placed.length > limit && last !== undefined ? encodeCursor(last) : null;
  return { items: placed.slice(0, limit).map(({ item }) => item), next };
}

function concerns(incident: Readonly<Incident>, ci: string): boolean {
  if (incident instanceof IncidentRecord && !incident.mentions(ci)) return false;
  return (
    incident.rootCause.ci === ci ||
    incident.impact.cis.includes(ci) ||
    incident.impact.services.some((service) => service.ci === ci) ||
    incident.members.some((member) => member.ci === ci)
  );
}

function findByNumber(incidents: Iterable<Readonly<Incident>>, digits: string): Readonly<Incident> | undefined {
  if (!/^\d{1,15}$/.test(digits)) return undefined;
  for (const incident of incidents) if (incident.number === Number(digits)) return incident;
  return undefined;
}

function* placedIncidents(
  incidents: Iterable<Readonly<Incident>>,
  statuses: readonly IncidentStatus[],
  ci: string | undefined,
): Iterable<Placed<Readonly<Incident>>> {
  for (const incident of incidents)
    if (statuses.includes(incident.status) && (ci === undefined || concerns(incident, ci)))
      yield { at: incident.openedAt, id: incident.id, item: incident };
}

function* placedAlerts(
  alerts: Iterable<Readonly<Alert>>,
  isWanted: (alert: Readonly<Alert>) => boolean,
): Iterable<Placed<Readonly<Alert>>> {
  for (const alert of alerts) if (isWanted(alert)) yield { at: alert.firstSeenAt, id: alert.id, item: alert };
}

function* placedChanges(
  lists: Iterable<readonly ChangeRecord[]>,
  ci: string | undefined,
): Iterable<Placed<ChangeRecord>> {
  for (const list of lists) {
    if (ci !== undefined && list[0]?.ci !== ci) continue;
    for (const change of list) yield { at: change.at, id: `${change.ci}\n${change.event}`, item: change };
  }
}

function* placedProblems(problems: Iterable<Readonly<Problem>>): Iterable<Placed<Readonly<Problem>>> {
  for (const problem of problems) yield { at: problem.lastAt, id: problem.id, item: problem };
}
