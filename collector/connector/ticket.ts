import type { Static } from "typebox";
import type { Json } from "../core/model/ledger.ts";
import type { Notification } from "../core/model/notification.ts";
import type { Priority } from "../core/model/severity.ts";
import type { Connector, ConnectorPorts, Delivery, DeliveryResult, Reconciled } from "../port/connector.ts";
import type { FailedDelivery } from "./http-result.ts";
import { wordNotification, type Wording } from "./wording.ts";
import { Type } from "../port/type-builder.ts";

/** What an ITSM tool holds of a ticket, as far as we need it. */
export interface Ticket {
  /** The tool's own id. */
  id: string;
  /** What people call it: INC0012345, OPS-7. */
  number: string;
  /** closed: it cannot be opened again. */
  state: "open" | "resolved" | "closed";
  /** The tool's own word or number, as `priorityOf` gives it. */
  priority: string;
}

/** The tool's answer as a value; a desk never throws for it. */
export type DeskAnswer<T> = { status: "ok"; value: T } | { status: "failed"; failure: FailedDelivery };

export interface TicketDraft {
  /** `tocsin-<incident id>`: by this we find our ticket again. */
  key: string;
  wording: Wording;
  priority: Priority;
  notification: Notification;
}

/** Everything that one notification changes, so that a desk can do it in as few calls as its tool allows. */
export interface TicketChange {
  state: "acknowledge" | "resolve" | "reopen" | null;
  /** null = leave it. */
  priority: Priority | null;
  subject: string;
  note: string;
  wording: Wording;
}

/** One ITSM tool. Every call may be repeated after an answer that was lost. */
export interface TicketDesk {
  /** The ticket with our key: an open one before a resolved one before a closed one, newest first; null = none. */
  find(key: string, signal: AbortSignal): Promise<DeskAnswer<Ticket | null>>;
  /** null = it is gone. */
  read(id: string, signal: AbortSignal): Promise<DeskAnswer<Ticket | null>>;
  create(draft: TicketDraft, signal: AbortSignal): Promise<DeskAnswer<Ticket>>;
  change(ticket: Ticket, change: TicketChange, signal: AbortSignal): Promise<DeskAnswer<null>>;
  priorityOf(priority: Priority): string;
}

/** What to do when the tool and we disagree; the same for every desk. */
export const DriftSettings = Type.Object(
  {
    closed: Type.Enum(["reopen", "leave"], {
      default: "reopen",
      description: "The ticket was resolved or closed while the incident is not over.",
    }),
    deleted: Type.Enum(["recreate", "leave"], { default: "recreate", description: "The ticket is gone." }),
    priority: Type.Enum(["keep", "override"], {
      default: "keep",
      description: "Somebody gave the ticket another priority: keep theirs, or set ours again.",
    }),
  },
  { default: {}, description: "What to do when ticket and incident disagree." },
);
export type DriftSettings = Static<typeof DriftSettings>;

interface TicketReference {
  id: string;
  /** The priority that we gave it last: another one in the tool is a person's. */
  priority: Priority;
}

function referenceOf(value: Json | undefined): TicketReference | undefined {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return undefined;
  const { id, priority } = value as { id?: unknown; priority?: unknown };
  if (typeof id !== "string" || id === "" || typeof priority !== "string" || !/^P[1-5]$/.test(priority))
    return undefined;
  return { id, priority: priority as Priority };
}

const ok = <T>(value: T): DeskAnswer<T> => ({ status: "ok", value });

/** Keeps one ticket for each incident: found before it is made, updated, resolved, opened again, and repaired when it drifted. */
export class TicketConnector implements Connector {
  readonly kind: string;
  private readonly desk: TicketDesk;
  private readonly drift: DriftSettings;
  private readonly timeoutMs: number;
  private readonly ports: ConnectorPorts;
  /** The last delivery of each incident that is under way: two at once would both find no ticket and make one. */
  private readonly underWay = new Map<string, Promise<unknown>>();

  constructor(
    kind: string,
    desk: TicketDesk,
    settings: { drift: DriftSettings; timeout: number },
    ports: ConnectorPorts,
  ) {
    this.kind = kind;
    this.desk = desk;
    this.drift = settings.drift;
    this.timeoutMs = settings.timeout;
    this.ports = ports;
  }

  async deliver(delivery: Delivery): Promise<DeliveryResult> {
    return this.inTurn(delivery, () => this.deliverNow(delivery));
  }

  private async inTurn<T>({ notification: { incident } }: Delivery, work: () => Promise<T>): Promise<T> {
    const before = this.underWay.get(incident);
    const own = (before ?? Promise.resolve()).then(work);
    const settled = own.catch(() => undefined);
    this.underWay.set(incident, settled);
    try {
      return await own;
    } finally {
      if (this.underWay.get(incident) === settled) this.underWay.delete(incident);
    }
  }

  /** Whether the ticket of an incident that is not over is open; where it may, it does what the settings say of drift. */
  async reconcile(delivery: Delivery, mayRepair: boolean): Promise<Reconciled> {
    return this.inTurn(delivery, () => this.reconcileNow(delivery, mayRepair));
  }

  private async reconcileNow(delivery: Delivery, mayRepair: boolean): Promise<Reconciled> {
    const { notification, signal } = delivery;
    const known = referenceOf(delivery.reference);
    if (known === undefined) return { status: "agrees" };
    let found = await this.desk.read(known.id, signal);
    if (found.status === "ok" && found.value === null) found = await this.desk.find(keyOf(notification), signal);
    if (found.status === "failed") return { status: "failed", detail: found.failure.detail };
    const { value: ticket } = found;
    const drift = ticket === null ? "deleted" : ticket.state === "open" ? null : "closed";
    if (drift === null) return { status: "agrees" };
    if (!mayRepair) return { status: "drifted", drift };
    if (this.drift[drift] === "leave") return { status: "left", drift };
    const result = await this.deliverNow(delivery);
    if (result.status !== "success") return { status: "failed", detail: result.detail };
    return { status: "repaired", drift, ...(result.reference === undefined ? {} : { reference: result.reference }) };
  }

  private async deliverNow({ notification, reference, signal: given }: Delivery): Promise<DeliveryResult> {
    const signal = AbortSignal.any([given, AbortSignal.timeout(this.timeoutMs)]);
    if (signal.aborted) return { status: "retryable", reason: "timeout", detail: "no answer in time" };
    const known = referenceOf(reference);
    const found = await this.ticketOf(notification, known, signal);
    if (found.status === "failed") return found.failure;
    const over = notification.kind === "resolved";
    const { value: ticket } = found;
    const again = this.drift.closed === "reopen" || notification.kind === "reopened";
    const lost = ticket === null || (ticket.state === "closed" && !over && again);
    if (!lost) return this.bringUpToDate(ticket, notification, known, signal);
    if (over || (ticket === null && known !== undefined && this.drift.deleted === "leave"))
      return { status: "success" };
    return this.open(notification, signal);
  }

  private async ticketOf(
    notification: Notification,
    known: TicketReference | undefined,
    signal: AbortSignal,
  ): Promise<DeskAnswer<Ticket | null>> {
    if (known !== undefined) {
      const read = await this.desk.read(known.id, signal);
      if (read.status === "failed" || read.value !== null) return read;
      this.tellDrift("deleted", notification, known.id);
    }
    return this.desk.find(keyOf(notification), signal);
  }

  private async open(notification: Notification, signal: AbortSignal): Promise<DeliveryResult> {
    const { document } = notification;
    const wording = wordNotification(notification, this.ports);
    const draft = { key: keyOf(notification), wording, priority: document.priority, notification };
    const created = await this.desk.create(draft, signal);
    if (created.status === "failed") return created.failure;
    const reference = { id: created.value.id, priority: document.priority };
    if (notification.kind !== "acknowledged") return { status: "success", reference };
    const result = await this.change(created.value, notification, { state: "acknowledge", priority: null }, signal);
    return result.status === "failed" ? result.failure : { status: "success", reference };
  }

  private async bringUpToDate(
    ticket: Ticket,
    notification: Notification,
    known: TicketReference | undefined,
    signal: AbortSignal,
  ): Promise<DeliveryResult> {
    const { kind, document } = notification;
    const reference = { id: ticket.id, priority: document.priority };
    const state = this.stateFor(ticket, notification);
    // An attempt before this one made it, and its answer was lost: there is nothing to add.
    if (kind === "opened" && state === null && known === undefined) return { status: "success", reference };
    if (kind === "resolved" && state === null) return { status: "success", reference };
    const theirs = known !== undefined && ticket.priority !== this.desk.priorityOf(known.priority);
    if (theirs) this.tellDrift("priority", notification, ticket.number);
    const changed = known?.priority !== document.priority || theirs;
    const priority = changed && (!theirs || this.drift.priority === "override") ? document.priority : null;
    const result = await this.change(ticket, notification, { state, priority }, signal);
    if (result.status === "failed") return result.failure;
    return {
      status: "success",
      reference: theirs && priority === null ? { ...reference, priority: known.priority } : reference,
    };
  }

  private stateFor(ticket: Ticket, notification: Notification): TicketChange["state"] {
    if (notification.kind === "resolved") return ticket.state === "open" ? "resolve" : null;
    if (ticket.state !== "open") {
      if (notification.kind !== "reopened") this.tellDrift("closed", notification, ticket.number);
      return this.drift.closed === "reopen" || notification.kind === "reopened" ? "reopen" : null;
    }
    return notification.kind === "acknowledged" ? "acknowledge" : null;
  }

  private async change(
    ticket: Ticket,
    notification: Notification,
    { state, priority }: Pick<TicketChange, "state" | "priority">,
    signal: AbortSignal,
  ): Promise<DeskAnswer<null>> {
    const wording = wordNotification(notification, this.ports);
    const note = [wording.headline, wording.facts, ...wording.sections.flatMap(sectionLines)].join("\n");
    // A ticket that somebody closed and that shall stay so is left alone altogether.
    if (ticket.state !== "open" && state === null) return ok(null);
    return this.desk.change(
      ticket,
      { state, priority, subject: subjectOf(wording, notification), note, wording },
      signal,
    );
  }

  private tellDrift(
    drift: "deleted" | "closed" | "priority",
    { incident, receiver }: Notification,
    ticket: string,
  ): void {
    this.ports.log.warn("a ticket and its incident disagree", {
      drift,
      policy: this.drift[drift],
      incident,
      receiver,
      ticket,
    });
  }
}

/** Our key in every tool. */
export const keyOf = (notification: Notification): string => `tocsin-${notification.incident}`;

/** The title as it is now: in a list of tickets the newest truth is wanted, not a stable subject. */
export const subjectOf = ({ subject }: Wording, { document }: Notification): string =>
  document.title === "" ? subject : subject.replace(/^Incident \d+: /, "");

const sectionLines = ({ heading, lines }: Wording["sections"][number]): string[] => [
  "",
  heading,
  ...lines.map((line) => `- ${line}`),
];

/** The description of a new ticket as plain text. */
export function plainDescription(wording: Wording): string {
  const link = wording.link === null ? [] : [wording.link];
  return [wording.headline, wording.facts, ...link, ...wording.sections.flatMap(sectionLines)].join("\n");
}
