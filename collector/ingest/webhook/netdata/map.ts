import type { Severity } from "../../../core/model/severity.ts";
import { pickCi } from "../../ci-label.ts";
import { eventOfDraft } from "../../event-draft.ts";
import { anyTimeAt, at, documentOf, entryOf, labelsFrom, linkTo, textAt } from "../../field.ts";
import { notOfKind, type WebhookKind } from "../webhook-kind.ts";

const SEVERITIES: Readonly<Record<string, Severity>> = { critical: "critical", warning: "warning", clear: "info" };

/** Netdata Cloud: alerts, and whether a node is reachable. */
export const netdata: WebhookKind = {
  name: "netdata",
  map(message, context) {
    const body = message.json();
    const reachable = at(body, "status", "reachable");
    const alert = textAt(at(body, "alert"), 200);
    const severity = entryOf(SEVERITIES, textAt(at(body, "severity"))?.toLowerCase());
    if (documentOf(body) === undefined || (alert === undefined && typeof reachable !== "boolean"))
      throw notOfKind("netdata", "an alert or a status of reachability is expected");
    const isClear = typeof reachable === "boolean" ? reachable : severity === "info";
    const text = textAt(at(body, "message"), 1024);
    // The alert's message names the node at its end: "… on web-01".
    const named = /\bon (?:node |host )?([\w.-]{1,255})$/.exec(text ?? "")?.[1];
    const event = eventOfDraft(
      {
        source: "netdata",
        ci: pickCi(
          [textAt(at(body, "host")), textAt(at(body, "node")), textAt(at(body, "hostname")), named, alert],
          context.isKnownCi,
        ),
        check: alert ?? "node_unreachable",
        instance: textAt(at(body, "chart"), 200),
        status: isClear ? "resolved" : "firing",
        severity: typeof reachable === "boolean" ? "critical" : (severity ?? "major"),
        summary: textAt(at(body, "info"), 1024) ?? text ?? alert ?? "node unreachable",
        at: anyTimeAt(at(body, "date")),
        labels: labelsFrom({ context: at(body, "context"), space: at(body, "space"), class: at(body, "class") }),
        links: linkTo(at(body, "alert_url") ?? at(body, "url"), "alert"),
      },
      context.now,
    );
    return { events: [event] };
  },
};
