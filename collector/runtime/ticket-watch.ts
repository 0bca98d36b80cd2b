import type { IncidentDocument } from "../core/model/document.ts";
import type { Notification } from "../core/model/notification.ts";
import type { Json } from "../core/model/ledger.ts";
import type { Milliseconds } from "../core/model/time.ts";
import type { Clock } from "../port/clock.ts";
import type { Connector, Delivery, Reconciled } from "../port/connector.ts";
import type { Intake } from "../port/intake.ts";
import type { Query } from "../port/query.ts";
import type { Store } from "../port/store.ts";
import type { Log, Telemetry } from "../port/telemetry.ts";

/** A person who closes a ticket has mostly just mended the fault: drift counts when a second look finds it again. */
const EVERY_MS: Milliseconds = 5 * 60_000;
/** The tools count calls (Freshservice: a hundred a minute and less). */
const PAUSE_MS: Milliseconds = 1_000;
const LOOK_TIMEOUT_MS: Milliseconds = 30_000;
/** Incidents that one round looks at, newest first. */
const INCIDENTS_MAX = 500;
const PAGE = 100;

export interface TicketWatchOptions {
  store: Pick<Store, "reference">;
  query: Pick<Query, "incidents" | "incident">;
  intake: Intake;
  /** By receiver, as configured now. */
  connectors: () => ReadonlyMap<string, Connector>;
  clock: Clock;
  log: Log;
  telemetry: Telemetry;
}

/**
 * Looks now and then whether the tickets of open incidents are open, too. Without it a ticket that somebody closed while
 * the alert fires is noticed at the next message about the incident, which may be hours later or never.
 */
export class TicketWatch {
  private readonly options: TicketWatchOptions;
  /** Drift that the last round saw, by receiver and incident. */
  private seen = new Set<string>();
  /** Drift that is left as it is and was told. */
  private readonly told = new Set<string>();
  /** Tickets that took the place of lost ones; the store learns of them with the next delivery. */
  private readonly successors = new Map<string, Json>();
  private readonly ending = new AbortController();
  private cancel: (() => void) | undefined;
  private round: Promise<void> | undefined;

  constructor(options: TicketWatchOptions) {
    this.options = options;
  }

  start(): void {
    this.cancel = this.options.clock.after(EVERY_MS, () => {
      this.round = this.look()
        .catch((error: unknown) => this.options.log.error("tickets could not be looked at", { error }))
        .finally(() => {
          if (!this.ending.signal.aborted) this.start();
        });
    });
  }

  async stop(): Promise<void> {
    this.ending.abort();
    this.cancel?.();
    await this.round;
  }

  /** One round over all receivers that keep tickets. */
  async look(): Promise<void> {
    const desks = [...this.options.connectors()].filter(([, connector]) => connector.reconcile !== undefined);
    if (desks.length === 0) return;
    const incidents = await this.openIncidents();
    const found = new Set<string>();
    for (const [receiver, connector] of desks) {
      for (const incident of incidents) {
        if (this.ending.signal.aborted) return;
        const result = await this.lookAt(receiver, connector, incident, found);
        // It is away: the next round tries again.
        if (result === "failed") break;
      }
    }
    this.seen = found;
    this.forget(new Set(incidents.map(({ id }) => id)));
  }

  private async openIncidents(): Promise<IncidentDocument[]> {
    const incidents: IncidentDocument[] = [];
    let cursor: string | null = null;
    do {
      const page = await this.options.query.incidents({ limit: PAGE, cursor, statuses: ["open", "acknowledged"] });
      incidents.push(...page.items);
      cursor = page.next;
    } while (cursor !== null && incidents.length < INCIDENTS_MAX);
    return incidents.slice(0, INCIDENTS_MAX);
  }

  private async lookAt(
    receiver: string,
    connector: Connector,
    incident: IncidentDocument,
    found: Set<string>,
  ): Promise<Reconciled["status"] | "none"> {
    const { store, telemetry, log } = this.options;
    const key = `${receiver}\n${incident.id}`;
    const reference = this.successors.get(key) ?? (await store.reference(receiver, incident.id));
    if (reference === undefined) return "none";
    await this.pause();
    const mayRepair = this.seen.has(key) && (await this.isStillOpen(incident.id));
    const delivery: Delivery = {
      notification: this.notificationOf(incident, receiver),
      reference,
      attempt: 1,
      signal: AbortSignal.any([this.ending.signal, AbortSignal.timeout(LOOK_TIMEOUT_MS)]),
    };
    const result = (await connector.reconcile?.(delivery, mayRepair)) ?? { status: "agrees" as const };
    telemetry.count("tocsin_ticket_checks_total", { receiver, result: result.status });
    if (result.status === "failed") log.warn("a ticket could not be looked at", { receiver, detail: result.detail });
    if (result.status === "drifted") found.add(key);
    if (result.status === "repaired" || result.status === "left") await this.tell(key, receiver, incident, result);
    return result.status;
  }

  private async tell(
    key: string,
    receiver: string,
    incident: IncidentDocument,
    result: Extract<Reconciled, { status: "repaired" | "left" }>,
  ): Promise<void> {
    if (result.status === "left" && this.told.has(key)) return;
    if (result.status === "left") this.told.add(key);
    else if (result.reference !== undefined) this.successors.set(key, result.reference);
    const done = result.status === "left" ? "it is left so, as configured" : "it is open again";
    const text = `the ticket was ${result.drift} while the incident is not over: ${done}`;
    this.options.log.warn("a ticket and its incident disagreed", { receiver, incident: incident.id, text });
    const command = { type: "note", incident: incident.id, text } as const;
    const answer = await this.options.intake.submit([{ kind: "command", actor: receiver, command }], "command");
    if (answer.status !== "committed") this.told.delete(key);
  }

  private async isStillOpen(id: string): Promise<boolean> {
    const incident = await this.options.query.incident(id);
    return incident !== undefined && (incident.status === "open" || incident.status === "acknowledged");
  }

  private notificationOf(document: IncidentDocument, receiver: string): Notification {
    const at = this.options.clock.now();
    return {
      idempotencyKey: `look-${document.id}-${receiver}-${at}`,
      incident: document.id,
      revision: document.revision,
      receiver,
      kind: "updated",
      page: false,
      at,
      reason: "the ticket was closed or deleted while the incident is not over",
      document,
    };
  }

  private forget(open: ReadonlySet<string>): void {
    const isGone = (key: string): boolean => !open.has(key.slice(key.indexOf("\n") + 1));
    for (const key of this.told) if (isGone(key)) this.told.delete(key);
    for (const key of this.successors.keys()) if (isGone(key)) this.successors.delete(key);
  }

  private pause(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.options.clock.after(PAUSE_MS, resolve);
      this.ending.signal.addEventListener("abort", () => {
        cancel();
        resolve();
      });
    });
  }
}
