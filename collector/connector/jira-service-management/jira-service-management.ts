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
import { adfDocument } from "./adf.ts";
import { Type } from "../../port/type-builder.ts";

const transition = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 100, description }));

const JiraSettings = Type.Object({
  url: url({ description: "The site: `https://example.atlassian.net`." }),
  username: Type.String({ minLength: 3, description: "E-mail address of the account." }),
  apiToken: secret({ description: "Its API token." }),
  project: Type.String({
    pattern: "^[A-Z][A-Z0-9_]{0,30}$",
    patternHint: "the project's key, such as OPS",
    description: "Key of the project.",
  }),
  issueType: Type.String({ minLength: 1, maxLength: 100, description: "Name of the issue type, such as `Incident`." }),
  setPriority: Type.Boolean({ default: true, description: "Set the field priority; off where the project has none." }),
  transitions: Type.Object(
    {
      acknowledge: transition("Name of the transition to work in progress."),
      resolve: transition("Name of the transition to done."),
      reopen: transition("Name of the transition back."),
    },
    {
      default: {},
      description: "Where the workflow has several of a kind; by default the first one that leads there.",
    },
  ),
  drift: DriftSettings,
  timeout: duration({ default: "30s", least: "1s", most: "2m", description: "How long one attempt may take." }),
});
export type JiraSettings = Static<typeof JiraSettings>;

const PRIORITIES: Readonly<Record<Priority, string>> = {
  P1: "Highest",
  P2: "High",
  P3: "Medium",
  P4: "Low",
  P5: "Lowest",
};
const SUMMARY_MAX = 255;
const DESCRIPTION_MAX = 32_000;
const FIELDS = ["status", "labels", "priority"];

type Step = Exclude<TicketChange["state"], null>;

/** Categories of statuses that a step leads to, best first; they are the same in every workflow. */
const LEADS_TO: Readonly<Record<Step, readonly string[]>> = {
  acknowledge: ["indeterminate"],
  resolve: ["done"],
  reopen: ["indeterminate", "new"],
};

function ticketOf(issue: unknown): Ticket {
  const done = textAt(issue, "fields", "status", "statusCategory", "key") === "done";
  return {
    id: textAt(issue, "id"),
    number: textAt(issue, "key"),
    state: done ? "resolved" : "open",
    priority: textAt(issue, "fields", "priority", "name"),
  };
}

/** Issues of Jira and Jira Service Management over the REST API. A label carries our key. */
export class JiraDesk implements TicketDesk {
  private readonly settings: JiraSettings;
  private readonly ports: ConnectorPorts;
  private readonly base: string;

  constructor(settings: JiraSettings, ports: ConnectorPorts) {
    this.settings = settings;
    this.ports = ports;
    this.base = `${settings.url.replace(/\/+$/, "")}/rest/api/3`;
  }

  async find(key: string, signal: AbortSignal): Promise<DeskAnswer<Ticket | null>> {
    const jql = `project = "${this.settings.project}" AND labels = "${key}" ORDER BY created DESC`;
    const answer = await this.call("POST", "/search/jql", { jql, fields: FIELDS, maxResults: 20 }, signal);
    if (answer.status === "failed") return answer;
    const issues = at(answer.body, "issues");
    const ours = Array.isArray(issues)
      ? issues.filter((issue) => {
          const labels = at(issue, "fields", "labels");
          return Array.isArray(labels) && labels.includes(key);
        })
      : [];
    const tickets = ours.map(ticketOf);
    return { status: "ok", value: tickets.find(({ state }) => state === "open") ?? tickets[0] ?? null };
  }

  async read(id: string, signal: AbortSignal): Promise<DeskAnswer<Ticket | null>> {
    const answer = await this.call(
      "GET",
      `/issue/${encodeURIComponent(id)}?fields=${FIELDS.join(",")}`,
      undefined,
      signal,
    );
    if (answer.status === "failed") return answer.httpStatus === 404 ? { status: "ok", value: null } : answer;
    return { status: "ok", value: textAt(answer.body, "id") === id ? ticketOf(answer.body) : null };
  }

  async create(
    { key, wording, priority, notification }: TicketDraft,
    signal: AbortSignal,
  ): Promise<DeskAnswer<Ticket>> {
    const { project, issueType } = this.settings;
    const fields = {
      project: { key: project },
      issuetype: { name: issueType },
      summary: subjectOf(wording, notification).slice(0, SUMMARY_MAX),
      description: adfDocument(plainDescription(wording).slice(0, DESCRIPTION_MAX)),
      labels: ["tocsin", key],
      ...this.priorityField(priority),
    };
    const answer = await this.call("POST", "/issue", { fields }, signal);
    if (answer.status === "failed") return answer;
    const [id, number] = [textAt(answer.body, "id"), textAt(answer.body, "key")];
    if (id !== "") return { status: "ok", value: { id, number, state: "open", priority: this.priorityOf(priority) } };
    return {
      status: "failed",
      failure: { status: "retryable", reason: "badResponse", detail: "the answer names no issue" },
    };
  }

  /** The comment comes last: the rest may be done again, a comment that is sent again stands twice. */
  async change(ticket: Ticket, change: TicketChange, signal: AbortSignal): Promise<DeskAnswer<null>> {
    const path = `/issue/${encodeURIComponent(ticket.id)}`;
    const fields = {
      summary: change.subject.slice(0, SUMMARY_MAX),
      ...(change.priority === null ? {} : this.priorityField(change.priority)),
    };
    const updated = await this.call("PUT", path, { fields }, signal);
    if (updated.status === "failed") return updated;
    const moved = change.state === null ? null : await this.move(path, change.state, signal);
    if (moved?.status === "failed") return moved;
    const commented = await this.call("POST", `${path}/comment`, { body: adfDocument(change.note) }, signal);
    return commented.status === "failed" ? commented : { status: "ok", value: null };
  }

  priorityOf(priority: Priority): string {
    return this.settings.setPriority ? PRIORITIES[priority] : "";
  }

  private priorityField(priority: Priority): Record<string, unknown> {
    return this.settings.setPriority ? { priority: { name: PRIORITIES[priority] } } : {};
  }

  /** Transitions belong to a workflow: they are looked up by where they lead. To acknowledge without one is no failure. */
  private async move(path: string, step: Step, signal: AbortSignal): Promise<DeskAnswer<null>> {
    const listed = await this.call("GET", `${path}/transitions`, undefined, signal);
    if (listed.status === "failed") return listed;
    const found = this.transition(at(listed.body, "transitions"), step);
    if (found === undefined && step === "acknowledge") return { status: "ok", value: null };
    if (found === undefined)
      return {
        status: "failed",
        failure: {
          status: "permanent",
          reason: "rejected",
          detail: `the workflow has no transition to ${step}: name one in transitions.${step}`,
        },
      };
    const moved = await this.call("POST", `${path}/transitions`, { transition: { id: found } }, signal);
    return moved.status === "failed" ? moved : { status: "ok", value: null };
  }

  private transition(transitions: unknown, step: Step): string | undefined {
    const all: unknown[] = Array.isArray(transitions) ? transitions : [];
    const name = this.settings.transitions[step];
    const named = all.find((one) => name !== undefined && textAt(one, "name").toLowerCase() === name.toLowerCase());
    if (name !== undefined) return named === undefined ? undefined : textAt(named, "id");
    for (const category of LEADS_TO[step]) {
      const found = all.find((one) => textAt(one, "to", "statusCategory", "key") === category);
      if (found !== undefined) return textAt(found, "id");
    }
    return undefined;
  }

  private call(method: "GET" | "POST" | "PUT", path: string, body: unknown, signal: AbortSignal): Promise<JsonAnswer> {
    const { username, apiToken } = this.settings;
    const headers = { authorization: basic(username, apiToken.reveal()) };
    const call = { method, url: `${this.base}${path}`, headers, signal, ...(body === undefined ? {} : { body }) };
    return callJson(this.ports.outgoing, call, this.ports.clock.now());
  }
}

/** Jira Service Management. */
export const jiraServiceManagement = defineConnector({
  kind: "jiraServiceManagement",
  description: "Jira and Jira Service Management: one issue for each incident, found by its label before it is made.",
  schema: JiraSettings,
  targets: (settings) => [new URL(settings.url).hostname],
  create: (settings, ports) =>
    new TicketConnector("jiraServiceManagement", new JiraDesk(settings, ports), settings, ports),
});
