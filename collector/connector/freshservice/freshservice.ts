import type { Static } from "typebox";
import type { Priority } from "../../core/model/severity.ts";
import { duration, secret, url } from "../../port/config-schema.ts";
import { type ConnectorPorts, defineConnector } from "../../port/connector.ts";
import { at, basic, callJson, type JsonAnswer, textAt } from "../json-call.ts";
import { escapeMarkup } from "../template.ts";
import {
  type DeskAnswer,
  DriftSettings,
  plainDescription,
  subjectOf,
  type Ticket,
  type TicketChange,
  TicketConnector,
  type TicketDesk,
  type TicketDraft,
} from "../ticket.ts";
import { Type } from "../../port/type-builder.ts";

const FreshserviceSettings = Type.Object({
  url: url({ description: "The account's own domain: `https://example.freshservice.com`." }),
  apiKey: secret({ description: "API key of an agent." }),
  email: Type.String({ minLength: 3, maxLength: 320, description: "Requester of the tickets." }),
  groupId: Type.Optional(Type.Integer({ minimum: 1, description: "Group that gets new tickets." })),
  workspaceId: Type.Optional(Type.Integer({ minimum: 1, description: "Workspace of new tickets." })),
  drift: DriftSettings,
  timeout: duration({ default: "30s", least: "1s", most: "2m", description: "How long one attempt may take." }),
});
export type FreshserviceSettings = Static<typeof FreshserviceSettings>;

/** 4 urgent … 1 low; impact and urgency 3 high … 1 low. */
const PRIORITIES: Readonly<Record<Priority, { priority: number; impact: number; urgency: number }>> = {
  P1: { priority: 4, impact: 3, urgency: 3 },
  P2: { priority: 3, impact: 3, urgency: 2 },
  P3: { priority: 2, impact: 2, urgency: 2 },
  P4: { priority: 1, impact: 2, urgency: 1 },
  P5: { priority: 1, impact: 1, urgency: 1 },
};
const STATUS = { open: 2, pending: 3, resolved: 4, closed: 5 } as const;
const SUBJECT_MAX = 255;

function ticketOf(record: unknown): Ticket {
  const status = at(record, "status");
  return {
    id: textAt(record, "id"),
    number: `#${textAt(record, "id")}`,
    state: status === STATUS.resolved ? "resolved" : status === STATUS.closed ? "closed" : "open",
    priority: textAt(record, "priority"),
  };
}

const html = (text: string): string => `<div>${escapeMarkup(text).replaceAll("\n", "<br>")}</div>`;
const ORDER = ["open", "resolved", "closed"] as const;

/** Tickets over API v2. A tag carries our key: custom fields cannot be searched. */
export class FreshserviceDesk implements TicketDesk {
  private readonly settings: FreshserviceSettings;
  private readonly ports: ConnectorPorts;
  private readonly base: string;

  constructor(settings: FreshserviceSettings, ports: ConnectorPorts) {
    this.settings = settings;
    this.ports = ports;
    this.base = `${settings.url.replace(/\/+$/, "")}/api/v2/tickets`;
  }

  async find(key: string, signal: AbortSignal): Promise<DeskAnswer<Ticket | null>> {
    const query = new URLSearchParams({ query: `"tag:'${key}'"` });
    const answer = await this.call("GET", `/filter?${query.toString()}`, undefined, signal);
    if (answer.status === "failed") return answer;
    const records = at(answer.body, "tickets");
    const ours = Array.isArray(records)
      ? records.filter((record) => {
          const tags = at(record, "tags");
          return Array.isArray(tags) && tags.includes(key) && at(record, "deleted") !== true;
        })
      : [];
    const tickets = ours.map(ticketOf).sort((a, b) => Number(b.id) - Number(a.id));
    const best = ORDER.flatMap((state) => tickets.filter((ticket) => ticket.state === state))[0];
    return { status: "ok", value: best ?? null };
  }

  async read(id: string, signal: AbortSignal): Promise<DeskAnswer<Ticket | null>> {
    const answer = await this.call("GET", `/${encodeURIComponent(id)}`, undefined, signal);
    if (answer.status === "failed") return answer.httpStatus === 404 ? { status: "ok", value: null } : answer;
    const record = at(answer.body, "ticket");
    const gone = at(record, "deleted") === true || textAt(record, "id") !== id;
    return { status: "ok", value: gone ? null : ticketOf(record) };
  }

  async create(
    { key, wording, priority, notification }: TicketDraft,
    signal: AbortSignal,
  ): Promise<DeskAnswer<Ticket>> {
    const { email, groupId, workspaceId } = this.settings;
    const body = {
      email,
      subject: subjectOf(wording, notification).slice(0, SUBJECT_MAX),
      description: html(plainDescription(wording)),
      status: STATUS.open,
      ...PRIORITIES[priority],
      tags: ["tocsin", key],
      ...(groupId === undefined ? {} : { group_id: groupId }),
      ...(workspaceId === undefined ? {} : { workspace_id: workspaceId }),
    };
    const answer = await this.call("POST", "", body, signal);
    if (answer.status === "failed") return answer;
    const record = at(answer.body, "ticket");
    if (textAt(record, "id") !== "") return { status: "ok", value: ticketOf(record) };
    return {
      status: "failed",
      failure: { status: "retryable", reason: "badResponse", detail: "the answer names no ticket" },
    };
  }

  /** The note comes last: fields may be set again, a note that is sent again stands twice. */
  async change(ticket: Ticket, change: TicketChange, signal: AbortSignal): Promise<DeskAnswer<null>> {
    const fields = {
      subject: change.subject.slice(0, SUBJECT_MAX),
      ...(change.priority === null ? {} : PRIORITIES[change.priority]),
      ...(change.state === "resolve" ? { status: STATUS.resolved } : {}),
      ...(change.state === "reopen" ? { status: STATUS.open } : {}),
    };
    const path = `/${encodeURIComponent(ticket.id)}`;
    const updated = await this.call("PUT", path, fields, signal);
    if (updated.status === "failed") return updated;
    const noted = await this.call("POST", `${path}/notes`, { body: html(change.note), private: true }, signal);
    return noted.status === "failed" ? noted : { status: "ok", value: null };
  }

  priorityOf(priority: Priority): string {
    return String(PRIORITIES[priority].priority);
  }

  private call(method: "GET" | "POST" | "PUT", path: string, body: unknown, signal: AbortSignal): Promise<JsonAnswer> {
    const headers = { authorization: basic(this.settings.apiKey.reveal(), "X") };
    const call = { method, url: `${this.base}${path}`, headers, signal, ...(body === undefined ? {} : { body }) };
    return callJson(this.ports.outgoing, call, this.ports.clock.now());
  }
}

/** Freshservice tickets. */
export const freshservice = defineConnector({
  kind: "freshservice",
  description: "Freshservice: one ticket for each incident, found by its tag before it is made.",
  schema: FreshserviceSettings,
  targets: (settings) => [new URL(settings.url).hostname],
  create: (settings, ports) =>
    new TicketConnector("freshservice", new FreshserviceDesk(settings, ports), settings, ports),
});
