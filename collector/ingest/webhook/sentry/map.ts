import type { Event } from "../../../core/model/event.ts";
import type { Severity } from "../../../core/model/severity.ts";
import { pickCi } from "../../ci-label.ts";
import { eventOfDraft } from "../../event-draft.ts";
import { anyTimeAt, at, firstText, labelsFrom, linkTo, listOf, textAt } from "../../field.ts";
import { severityWord } from "../../severity.ts";
import { isHmacHex } from "../signature.ts";
import { type MapContext, notOfKind, type WebhookKind } from "../webhook-kind.ts";

const ISSUE_ENDED: ReadonlySet<string> = new Set(["resolved", "archived", "ignored"]);
const ISSUE_BEGAN: ReadonlySet<string> = new Set(["created", "unresolved"]);

function metricAlert(action: string, data: unknown, context: MapContext): Event {
  const alert = at(data, "metric_alert");
  const project = textAt(listOf(at(alert, "projects"))[0]);
  const name = textAt(at(alert, "alert_rule", "name"), 200) ?? textAt(at(alert, "title"), 200) ?? "metric alert";
  return eventOfDraft(
    {
      source: "sentry",
      ci: pickCi([project, name], context.isKnownCi),
      check: name,
      instance: textAt(at(alert, "id"), 100),
      status: action === "resolved" ? "resolved" : "firing",
      severity: action === "critical" ? "critical" : "warning",
      summary: textAt(at(data, "description_title")) ?? name,
      at: anyTimeAt(at(alert, action === "resolved" ? "date_closed" : "date_started")),
      labels: labelsFrom({ project }),
      annotations: labelsFrom({ description: at(data, "description_text") }),
      links: linkTo(at(data, "web_url"), "alert"),
    },
    context.now,
  );
}

/** An event names its project by number, and by its slug in its address alone; the end of its issue has the slug. */
function projectOf(subject: unknown): string | undefined {
  const slug = /\/projects\/[^/]{1,100}\/([^/]{1,100})\//.exec(textAt(at(subject, "url"), 1024) ?? "")?.[1];
  return firstText(
    at(subject, "project", "slug"),
    slug,
    at(subject, "project_slug"),
    at(subject, "project_name"),
    at(subject, "project"),
  );
}

/** An issue, or an event of one: the issue's number is the identity of both. */
function issueEvent(subject: unknown, resolved: boolean, context: MapContext): Event {
  const project = projectOf(subject);
  const severity: Severity = severityWord(textAt(at(subject, "level")) ?? "") ?? "major";
  return eventOfDraft(
    {
      source: "sentry",
      ci: pickCi([project, textAt(at(subject, "title"), 200)], context.isKnownCi),
      check: "issue",
      instance: textAt(at(subject, "issue_id") ?? at(subject, "id"), 100),
      status: resolved ? "resolved" : "firing",
      severity,
      summary: textAt(at(subject, "title"), 1024) ?? "issue",
      at: anyTimeAt(at(subject, "datetime") ?? at(subject, "lastSeen")),
      labels: labelsFrom({ project, issue: at(subject, "shortId"), environment: at(subject, "environment") }),
      annotations: labelsFrom({ culprit: at(subject, "culprit") }),
      links: linkTo(at(subject, "web_url") ?? at(subject, "permalink") ?? at(subject, "url"), "issue"),
    },
    context.now,
  );
}

/** Sentry's internal integrations: metric alerts, issue alerts and issues. Signed with the client secret. */
export const sentry: WebhookKind = {
  name: "sentry",
  map(message, context) {
    const body = message.json();
    const resource = message.header("sentry-hook-resource");
    const action = textAt(at(body, "action")) ?? "";
    const data = at(body, "data");
    if (resource === undefined) throw notOfKind("sentry", "the header Sentry-Hook-Resource is expected");
    if (resource === "metric_alert" && at(data, "metric_alert") !== undefined)
      return { events: [metricAlert(action, data, context)] };
    if (resource === "event_alert" && at(data, "event") !== undefined)
      return { events: [issueEvent(at(data, "event"), false, context)] };
    if (resource === "issue" && (ISSUE_BEGAN.has(action) || ISSUE_ENDED.has(action)))
      return { events: [issueEvent(at(data, "issue"), ISSUE_ENDED.has(action), context)] };
    return { events: [], dropped: { otherResource: 1 } };
  },
  isSigned: (message, secrets) =>
    isHmacHex("sha256", secrets, message.bytes, message.header("sentry-hook-signature") ?? ""),
};
