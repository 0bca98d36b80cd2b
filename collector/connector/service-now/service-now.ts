import type { Static } from "typebox";
import type { Priority } from "../../core/model/severity.ts";
import { duration, secret, url } from "../../port/config-schema.ts";
import { type ConnectorPorts, defineConnector } from "../../port/connector.ts";
import { at, basic, callJson, type JsonAnswer, textAt } from "../json-call.ts";
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

const text = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 200, description }));

const ServiceNowSettings = Type.Object({
  url: url({ description: "The instance: `https://example.service-now.com`." }),
  username: Type.String({ minLength: 1, description: "A user with the role `itil`." }),
  password: secret({ description: "Its password." }),
  closeCode: Type.String({
    default: "Solution provided",
    minLength: 1,
    description: "Resolution code; the list differs from instance to instance (`sys_choice` of incident.close_code).",
  }),
  assignmentGroup: text("`sys_id` of the group that gets new incidents."),
  caller: text("`sys_id` of the caller of new incidents."),
  category: text("Category of new incidents."),
  drift: DriftSettings,
  timeout: duration({ default: "30s", least: "1s", most: "2m", description: "How long one attempt may take." }),
});
export type ServiceNowSettings = Static<typeof ServiceNowSettings>;

/** Impact and urgency; the instance makes the priority from them. */
const PRIORITIES: Readonly<Record<Priority, { impact: string; urgency: string }>> = {
  P1: { impact: "1", urgency: "1" },
  P2: { impact: "1", urgency: "2" },
  P3: { impact: "2", urgency: "2" },
  P4: { impact: "2", urgency: "3" },
  P5: { impact: "3", urgency: "3" },
};
const STATE = { inProgress: "2", resolved: "6" } as const;
const FIELDS = "sys_id,number,state,impact,urgency,correlation_id,sys_created_on";
const SHORT_DESCRIPTION_MAX = 160;

function ticketOf(record: unknown): Ticket {
  const state = textAt(record, "state");
  return {
    id: textAt(record, "sys_id"),
    number: textAt(record, "number"),
    state: state === "6" ? "resolved" : state === "7" || state === "8" ? "closed" : "open",
    priority: `${textAt(record, "impact")}/${textAt(record, "urgency")}`,
  };
}

const ORDER = ["open", "resolved", "closed"] as const;

/** Incidents over the Table API. It has no idempotency of its own: `correlation_id` carries our key. */
export class ServiceNowDesk implements TicketDesk {
  private readonly settings: ServiceNowSettings;
  private readonly ports: ConnectorPorts;
  private readonly table: string;

  constructor(settings: ServiceNowSettings, ports: ConnectorPorts) {
    this.settings = settings;
    this.ports = ports;
    this.table = `${settings.url.replace(/\/+$/, "")}/api/now/table/incident`;
  }

  async find(key: string, signal: AbortSignal): Promise<DeskAnswer<Ticket | null>> {
    const query = new URLSearchParams({
      sysparm_query: `correlation_id=${key}^ORDERBYDESCsys_created_on`,
      sysparm_fields: FIELDS,
      sysparm_limit: "20",
      sysparm_exclude_reference_link: "true",
    });
    const answer = await this.call("GET", `?${query.toString()}`, undefined, signal);
    if (answer.status === "failed") return answer.httpStatus === 404 ? { status: "ok", value: null } : answer;
    const records = at(answer.body, "result");
    // An instance may drop a term of a query that it does not understand, and then answers other people's tickets.
    const ours = Array.isArray(records) ? records.filter((record) => textAt(record, "correlation_id") === key) : [];
    const tickets = ours.map(ticketOf);
    const best = ORDER.flatMap((state) => tickets.filter((ticket) => ticket.state === state))[0];
    return { status: "ok", value: best ?? null };
  }

  async read(id: string, signal: AbortSignal): Promise<DeskAnswer<Ticket | null>> {
    const answer = await this.call("GET", `/${encodeURIComponent(id)}?sysparm_fields=${FIELDS}`, undefined, signal);
    if (answer.status === "failed") return answer.httpStatus === 404 ? { status: "ok", value: null } : answer;
    const record = at(answer.body, "result");
    return { status: "ok", value: textAt(record, "sys_id") === id ? ticketOf(record) : null };
  }

  async create(
    { key, wording, priority, notification }: TicketDraft,
    signal: AbortSignal,
  ): Promise<DeskAnswer<Ticket>> {
    const { assignmentGroup, caller, category } = this.settings;
    const body = {
      short_description: subjectOf(wording, notification).slice(0, SHORT_DESCRIPTION_MAX),
      description: plainDescription(wording),
      ...PRIORITIES[priority],
      correlation_id: key,
      correlation_display: "Tocsin",
      ...(assignmentGroup === undefined ? {} : { assignment_group: assignmentGroup }),
      ...(caller === undefined ? {} : { caller_id: caller }),
      ...(category === undefined ? {} : { category }),
    };
    const answer = await this.call("POST", "", body, signal);
    if (answer.status === "failed") return answer;
    const record = at(answer.body, "result");
    if (textAt(record, "sys_id") !== "") return { status: "ok", value: ticketOf(record) };
    return {
      status: "failed",
      failure: { status: "retryable", reason: "badResponse", detail: "the answer names no incident" },
    };
  }

  async change(ticket: Ticket, change: TicketChange, signal: AbortSignal): Promise<DeskAnswer<null>> {
    const body = {
      short_description: change.subject.slice(0, SHORT_DESCRIPTION_MAX),
      work_notes: change.note,
      ...(change.priority === null ? {} : PRIORITIES[change.priority]),
      ...this.stateFields(change),
    };
    const answer = await this.call("PATCH", `/${encodeURIComponent(ticket.id)}`, body, signal);
    return answer.status === "failed" ? answer : { status: "ok", value: null };
  }

  priorityOf(priority: Priority): string {
    const { impact, urgency } = PRIORITIES[priority];
    return `${impact}/${urgency}`;
  }

  private stateFields({ state, note }: TicketChange): Record<string, string> {
    switch (state) {
      case "resolve":
        return { state: STATE.resolved, close_code: this.settings.closeCode, close_notes: note };
      case "acknowledge":
      case "reopen":
        return { state: STATE.inProgress };
      default:
        return {};
    }
  }

  private call(
    method: "GET" | "POST" | "PATCH",
    path: string,
    body: unknown,
    signal: AbortSignal,
  ): Promise<JsonAnswer> {
    const { username, password } = this.settings;
    const headers = { authorization: basic(username, password.reveal()) };
    const call = { method, url: `${this.table}${path}`, headers, signal, ...(body === undefined ? {} : { body }) };
    return callJson(this.ports.outgoing, call, this.ports.clock.now());
  }
}

/** ServiceNow incidents. */
export const serviceNow = defineConnector({
  kind: "serviceNow",
  description: "ServiceNow: one incident for each of ours, found by `correlation_id` before it is made.",
  schema: ServiceNowSettings,
  targets: (settings) => [new URL(settings.url).hostname],
  create: (settings, ports) => new TicketConnector("serviceNow", new ServiceNowDesk(settings, ports), settings, ports),
});
