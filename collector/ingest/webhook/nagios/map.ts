import type { Event } from "../../../core/model/event.ts";
import type { Severity } from "../../../core/model/severity.ts";
import { pickCi } from "../../ci-label.ts";
import { type EventDraft, eventOfDraft } from "../../event-draft.ts";
import { anyTimeAt, at, documentOf, labelsFrom, linkTo, textAt } from "../../field.ts";
import { summaryOf } from "../../summary.ts";
import { LooseFields } from "../loose-fields.ts";
import { type MapContext, type Mapped, notOfKind, type WebhookKind, type WebhookMessage } from "../webhook-kind.ts";

/** The check of a host's own state, in every monitor of this family. */
export const HOST_ALIVE = "host-alive";

type Standing = { status: "resolved" } | { status: "firing"; severity: Severity };

const SERVICE: Readonly<Record<string, Standing>> = {
  OK: { status: "resolved" },
  WARNING: { status: "firing", severity: "warning" },
  CRITICAL: { status: "firing", severity: "critical" },
  UNKNOWN: { status: "firing", severity: "minor" },
};
const HOST: Readonly<Record<string, Standing>> = {
  UP: { status: "resolved" },
  OK: { status: "resolved" },
  DOWN: { status: "firing", severity: "critical" },
  // Behind something that is down: it is not known to be down itself.
  UNREACHABLE: { status: "firing", severity: "major" },
};
/** Checkmk's short names of states, which its scripts have beside the long ones. */
const SHORT: Readonly<Record<string, string>> = {
  WARN: "WARNING",
  CRIT: "CRITICAL",
  UNKN: "UNKNOWN",
  UNRE: "UNREACHABLE",
  UNREACH: "UNREACHABLE",
};
const SERVICE_BY_NUMBER = ["OK", "WARNING", "CRITICAL", "UNKNOWN"];
const HOST_BY_NUMBER = ["UP", "DOWN", "UNREACHABLE"];

/** A state of a host or service, by name or by number as plugins return it; undefined for a word that is no state. */
export function standingOf(state: string, isHost: boolean): Standing | undefined {
  const named = wordOf(state, isHost);
  const table = isHost ? HOST : SERVICE;
  return named !== undefined && Object.hasOwn(table, named) ? table[named] : undefined;
}

function wordOf(state: string, isHost: boolean): string | undefined {
  if (/^\d$/.test(state)) return (isHost ? HOST_BY_NUMBER : SERVICE_BY_NUMBER)[Number(state)];
  const word = state.toUpperCase();
  return Object.hasOwn(SHORT, word) ? SHORT[word] : word;
}

export interface CheckResult {
  source: string;
  host: string | undefined;
  address: string | undefined;
  /** undefined: the host itself. */
  service: string | undefined;
  state: string;
  output: string;
  at: number | undefined;
  labels?: Record<string, unknown>;
  links?: EventDraft["links"];
}

/** The event of one result; undefined where its state is none that we know. */
export function eventOfResult(result: CheckResult, context: MapContext): Event | undefined {
  const isHost = result.service === undefined;
  const standing = standingOf(result.state, isHost);
  if (standing === undefined) return undefined;
  const word = wordOf(result.state, isHost) ?? result.state;
  return eventOfDraft(
    {
      source: result.source,
      ci: pickCi([result.host, result.address], context.isKnownCi),
      check: result.service ?? HOST_ALIVE,
      status: standing.status,
      severity: standing.status === "firing" ? standing.severity : "info",
      summary:
        result.output === ""
          ? `${result.service ?? "host"} is ${word}`
          : summaryOf(result.service ?? `host ${word}`, result.output),
      at: result.at,
      labels: labelsFrom({ ...result.labels, state: result.state }),
      links: result.links ?? [],
    },
    context.now,
  );
}

/** Of environment variables: Checkmk's and Nagios' own, what people put before them for Icinga, and that of its own commands. */
const PREFIX = /^(?:NOTIFY|NAGIOS|ICINGA|NOTIFICATION)_/i;

/** JSON, which some clients call a form, or a form, which a command line can quote without tools. */
function fieldsOf(message: WebhookMessage, source: string): unknown {
  const isJson = message.text().trimStart().startsWith("{");
  const form = isJson ? {} : Object.fromEntries(message.form());
  const body = Object.keys(form).length > 0 ? form : message.json();
  if (documentOf(body) === undefined) throw notOfKind(source, "an object is expected");
  return body;
}

/** Icinga Web's page of a host or service. */
function pageOf(server: string | undefined, host: string, service: string | undefined): string | undefined {
  if (server === undefined) return undefined;
  const name = (text: string): string => encodeURIComponent(text.toWellFormed());
  const page =
    service === undefined ? `host?name=${name(host)}` : `service?name=${name(service)}&host.name=${name(host)}`;
  return `${server.replace(/\/+$/, "")}/icingadb/${page}`;
}

/** Kinds of notification that tell of a state; others tell what people and schedules did. */
const OF_STATE = /^(?:PROBLEM|RECOVERY|CUSTOM)?$/;

/** A notification command's macros as JSON: `$HOSTNAME$`, `$SERVICESTATE$` …, under any spelling of their names. */
export function mapNotification(source: string, body: unknown, context: MapContext): Mapped {
  const fields = new LooseFields(body, PREFIX);
  const type = (fields.text("notificationType", "type") ?? "").toUpperCase().replace(/[^A-Z].*$/, "");
  const service = fields.text("serviceDesc", "serviceName", "serviceDescription", "service", "serviceDisplayName");
  const host = fields.text("hostName", "host", "hostAlias", "hostDisplayName");
  const state = fields.text(...(service === undefined ? ["hostState", "state"] : ["serviceState", "state"]));
  if (!OF_STATE.test(type)) return { events: [], dropped: { notAState: 1 } };
  if (host === undefined || state === undefined) throw notOfKind(source, "a host's name and a state are expected");
  const event = eventOfResult(
    {
      source,
      host,
      address: fields.text("hostAddress", "address", "address4"),
      service,
      state,
      output: fields.text("serviceOutput", "hostOutput", "output", "pluginOutput") ?? "",
      at: anyTimeAt(fields.text("timeT", "timestamp", "microTime")),
      labels: {
        problem_id: fields.text("serviceProblemId", "hostProblemId", "problemId"),
        site: fields.text("omdSite", "site"),
      },
      links: linkTo(
        fields.text("url", "serviceUrl", "hostUrl", "notesUrl") ?? pageOf(fields.text("icingaWeb2Url"), host, service),
        "monitor",
      ),
    },
    context,
  );
  if (event === undefined) throw notOfKind(source, `${JSON.stringify(state.slice(0, 40))} is no state`);
  return { events: [event] };
}

/** Nagios Core and its kin: what a notification command posts. */
export const nagios: WebhookKind = {
  name: "nagios",
  map(message, context) {
    return mapNotification("nagios", fieldsOf(message, "nagios"), context);
  },
};

/** Icinga 2: what a notification command posts, and objects of its event stream. */
export const icinga: WebhookKind = {
  name: "icinga",
  map(message, context) {
    const body = fieldsOf(message, "icinga");
    if (at(body, "check_result") === undefined) return mapNotification("icinga", body, context);
    if (at(body, "type") !== "StateChange") return { events: [], dropped: { notAState: 1 } };
    // A soft state is still being checked again.
    if (at(body, "state_type") === 0) return { events: [], dropped: { softState: 1 } };
    const event = eventOfResult(
      {
        source: "icinga",
        host: textAt(at(body, "host")),
        address: undefined,
        service: textAt(at(body, "service")),
        state: textAt(at(body, "state")) ?? "",
        output: textAt(at(body, "check_result", "output"), 2048) ?? "",
        at: anyTimeAt(at(body, "timestamp")),
      },
      context,
    );
    if (event === undefined) throw notOfKind("icinga", "a state from 0 to 3 is expected");
    return { events: [event] };
  },
};

/** Checkmk: the `NOTIFY_…` variables of a notification script as JSON. */
export const checkmk: WebhookKind = {
  name: "checkmk",
  map(message, context) {
    return mapNotification("checkmk", fieldsOf(message, "checkmk"), context);
  },
};
