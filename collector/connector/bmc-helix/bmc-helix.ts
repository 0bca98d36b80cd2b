import type { Static } from "typebox";
import type { Priority } from "../../core/model/severity.ts";
import { duration, secret, url } from "../../port/config-schema.ts";
import { type ConnectorPorts, defineConnector } from "../../port/connector.ts";
import { failureOfAnswer, failureOfCall } from "../http-result.ts";
import { at, callJson, type JsonAnswer, textAt } from "../json-call.ts";
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

const text = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 250, description }));

const BmcHelixSettings = Type.Object({
  url: url({ description: "The REST API: `https://example-restapi.onbmc.com`." }),
  username: Type.String({ minLength: 1, description: "The user that opens incidents." }),
  password: secret({ description: "Its password." }),
  keyField: Type.String({
    default: "Vendor Ticket Number",
    pattern: "^[A-Za-z0-9][A-Za-z0-9 _+-]{0,79}$",
    description: "Field of HPD:IncidentInterface that holds our key.",
  }),
  firstName: Type.String({ default: "App", minLength: 1, description: "First name of the customer of new incidents." }),
  lastName: Type.String({ default: "Admin", minLength: 1, description: "Last name of the customer of new incidents." }),
  supportCompany: text("Assigned Support Company."),
  supportOrganization: text("Assigned Support Organization."),
  supportGroup: text("Assigned Group."),
  drift: DriftSettings,
  timeout: duration({ default: "30s", least: "1s", most: "2m", description: "How long one attempt may take." }),
});
export type BmcHelixSettings = Static<typeof BmcHelixSettings>;

const PRIORITIES: Readonly<Record<Priority, { Impact: string; Urgency: string }>> = {
  P1: { Impact: "1-Extensive/Widespread", Urgency: "1-Critical" },
  P2: { Impact: "2-Significant/Large", Urgency: "2-High" },
  P3: { Impact: "3-Moderate/Limited", Urgency: "3-Medium" },
  P4: { Impact: "4-Minor/Localized", Urgency: "4-Low" },
  P5: { Impact: "4-Minor/Localized", Urgency: "4-Low" },
};
const DESCRIPTION_MAX = 100;
const ORDER = ["open", "resolved", "closed"] as const;

/** A text inside a qualification. */
const quoted = (value: string): string => `"${value.replaceAll('"', '""')}"`;

function ticketOf(values: unknown): Ticket {
  const status = textAt(values, "Status");
  return {
    id: textAt(values, "Request ID"),
    number: textAt(values, "Incident Number"),
    state: status === "Resolved" ? "resolved" : status === "Closed" || status === "Cancelled" ? "closed" : "open",
    priority: `${textAt(values, "Impact")}/${textAt(values, "Urgency")}`,
  };
}

/** Incidents of BMC Helix ITSM over the REST API of the platform. A configured field carries our key. */
export class BmcHelixDesk implements TicketDesk {
  private readonly settings: BmcHelixSettings;
  private readonly ports: ConnectorPorts;
  private readonly base: string;
  private token: string | undefined;

  constructor(settings: BmcHelixSettings, ports: ConnectorPorts) {
    this.settings = settings;
    this.ports = ports;
    this.base = settings.url.replace(/\/+$/, "");
  }

  find(key: string, signal: AbortSignal): Promise<DeskAnswer<Ticket | null>> {
    return this.query(this.settings.keyField, key, signal);
  }

  read(id: string, signal: AbortSignal): Promise<DeskAnswer<Ticket | null>> {
    return this.query("Request ID", id, signal);
  }

  async create(
    { key, wording, priority, notification }: TicketDraft,
    signal: AbortSignal,
  ): Promise<DeskAnswer<Ticket>> {
    const { firstName, lastName, supportCompany, supportOrganization, supportGroup, keyField } = this.settings;
    const values = {
      First_Name: firstName,
      Last_Name: lastName,
      Description: subjectOf(wording, notification).slice(0, DESCRIPTION_MAX),
      // The field is called so.
      Detailed_Decription: plainDescription(wording),
      ...PRIORITIES[priority],
      Status: "New",
      "Reported Source": "Systems Management",
      Service_Type: "Infrastructure Event",
      z1D_Action: "CREATE",
      [keyField]: key,
      ...(supportCompany === undefined ? {} : { "Assigned Support Company": supportCompany }),
      ...(supportOrganization === undefined ? {} : { "Assigned Support Organization": supportOrganization }),
      ...(supportGroup === undefined ? {} : { "Assigned Group": supportGroup }),
    };
    const fields = encodeURIComponent("values(Incident Number,Request ID)");
    const answer = await this.call("POST", `HPD:IncidentInterface_Create?fields=${fields}`, { values }, signal);
    if (answer.status === "failed") return answer;
    // The form that creates has request ids of its own: the incident's is looked up by our key.
    const found = await this.find(key, signal);
    if (found.status === "failed") return found;
    if (found.value !== null) return { status: "ok", value: found.value };
    return {
      status: "failed",
      failure: { status: "retryable", reason: "badResponse", detail: "the new incident cannot be found" },
    };
  }

  /** The work note comes last: the rest may be done again, a note that is sent again stands twice. */
  async change(ticket: Ticket, change: TicketChange, signal: AbortSignal): Promise<DeskAnswer<null>> {
    const values = {
      Description: change.subject.slice(0, DESCRIPTION_MAX),
      ...(change.priority === null ? {} : PRIORITIES[change.priority]),
      ...statusFields(change),
    };
    const id = `${encodeURIComponent(ticket.id)}%7C${encodeURIComponent(ticket.id)}`;
    const updated = await this.call("PUT", `HPD:IncidentInterface/${id}`, { values }, signal);
    if (updated.status === "failed") return updated;
    const note = {
      "Incident Number": ticket.number,
      Description: change.subject.slice(0, DESCRIPTION_MAX),
      "Detailed Description": change.note,
      "Work Log Type": "General Information",
    };
    const noted = await this.call("POST", "HPD:WorkLog", { values: note }, signal);
    return noted.status === "failed" ? noted : { status: "ok", value: null };
  }

  priorityOf(priority: Priority): string {
    const { Impact, Urgency } = PRIORITIES[priority];
    return `${Impact}/${Urgency}`;
  }

  private async query(field: string, value: string, signal: AbortSignal): Promise<DeskAnswer<Ticket | null>> {
    const names = new Set(["Incident Number", "Request ID", "Status", "Impact", "Urgency", field]);
    const query = new URLSearchParams({
      q: `'${field}'=${quoted(value)}`,
      fields: `values(${[...names].join(",")})`,
      limit: "20",
      sort: "Submit Date.desc",
    });
    const answer = await this.call("GET", `HPD:IncidentInterface?${query.toString()}`, undefined, signal);
    if (answer.status === "failed") return answer.httpStatus === 404 ? { status: "ok", value: null } : answer;
    const entries = at(answer.body, "entries");
    const records = Array.isArray(entries) ? entries.map((entry) => at(entry, "values")) : [];
    const tickets = records.filter((record) => textAt(record, field) === value).map(ticketOf);
    const best = ORDER.flatMap((state) => tickets.filter((ticket) => ticket.state === state))[0];
    return { status: "ok", value: best ?? null };
  }

  /** Tokens live about an hour: after a 401 it logs in again, once. */
  private async call(
    method: "GET" | "POST" | "PUT",
    path: string,
    body: unknown,
    signal: AbortSignal,
  ): Promise<JsonAnswer> {
    const first = await this.callWithToken(method, path, body, signal);
    if (first.status === "ok" || first.httpStatus !== 401) return first;
    this.token = undefined;
    return this.callWithToken(method, path, body, signal);
  }

  private async callWithToken(
    method: "GET" | "POST" | "PUT",
    path: string,
    body: unknown,
    signal: AbortSignal,
  ): Promise<JsonAnswer> {
    const login = this.token === undefined ? await this.login(signal) : null;
    if (login !== null) return login;
    const headers = { authorization: `AR-JWT ${this.token ?? ""}` };
    const target = `${this.base}/api/arsys/v1/entry/${path}`;
    const call = { method, url: target, headers, signal, ...(body === undefined ? {} : { body }) };
    return callJson(this.ports.outgoing, call, this.ports.clock.now());
  }

  /** null = logged in. The token comes as plain text. */
  private async login(signal: AbortSignal): Promise<Extract<JsonAnswer, { status: "failed" }> | null> {
    const { username, password } = this.settings;
    const result = await this.ports.outgoing.send({
      method: "POST",
      url: `${this.base}/api/jwt/login`,
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ username, password: password.reveal() }).toString(),
      signal,
    });
    if (result.status === "failed") return { status: "failed", httpStatus: 0, failure: failureOfCall(result) };
    const { httpStatus } = result;
    if (httpStatus < 200 || httpStatus >= 300)
      // Not 401: that would be taken for a token that has ended.
      return { status: "failed", httpStatus: 0, failure: failureOfAnswer(result, this.ports.clock.now()) };
    const token = result.body.trim();
    if (!/^[\x21-\x7e]{1,8192}$/.test(token))
      return {
        status: "failed",
        httpStatus,
        failure: { status: "retryable", reason: "badResponse", detail: "the login gave no token" },
      };
    this.token = token;
    return null;
  }
}

function statusFields({ state, note }: TicketChange): Record<string, string> {
  if (state === "resolve") return { Status: "Resolved", Status_Reason: "No Further Action Required", Resolution: note };
  // Past Assigned it would need an assignee, whom only people can name.
  return state === "reopen" ? { Status: "Assigned" } : {};
}

/** BMC Helix ITSM. */
export const bmcHelix = defineConnector({
  kind: "bmcHelix",
  description: "BMC Helix ITSM: one incident for each of ours, found by a configured field before it is made.",
  schema: BmcHelixSettings,
  targets: (settings) => [new URL(settings.url).hostname],
  create: (settings, ports) => new TicketConnector("bmcHelix", new BmcHelixDesk(settings, ports), settings, ports),
});
