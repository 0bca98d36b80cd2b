import type { Severity } from "../../../core/model/severity.ts";
import { pickCi } from "../../ci-label.ts";
import { eventOfDraft } from "../../event-draft.ts";
import { anyTimeAt, documentOf, labelsFrom, linkTo } from "../../field.ts";
import { severityWord } from "../../severity.ts";
import { LooseFields } from "../loose-fields.ts";
import { notOfKind, type WebhookKind } from "../webhook-kind.ts";

const BY_TYPE: Readonly<Record<string, Severity>> = {
  error: "critical",
  warning: "warning",
  info: "info",
  success: "info",
};

/** `host:web-1,env:prod,urgent` as labels. */
function tagsOf(text: string | undefined): Record<string, string> {
  const pairs = (text ?? "").split(",", 200).map((tag) => {
    const colon = tag.indexOf(":");
    return colon === -1 ? [tag.trim(), "true"] : [tag.slice(0, colon).trim(), tag.slice(colon + 1)];
  });
  return labelsFrom(Object.fromEntries(pairs));
}

/**
 * Datadog: its webhooks send what their template says, so we publish one (docs/guide/webhooks.md); any spelling of the
 * variables' names is read. `$ALERT_TRANSITION` and `$ALERT_TYPE` tell whether it fires.
 */
export const datadog: WebhookKind = {
  name: "datadog",
  map(message, context) {
    const body = message.json();
    const fields = new LooseFields(body);
    const title = fields.text("eventTitle", "title", "alertTitle");
    if (documentOf(body) === undefined || title === undefined) throw notOfKind("datadog", "$EVENT_TITLE is expected");
    const transition = (fields.text("alertTransition") ?? "").toLowerCase();
    const type = (fields.text("alertType") ?? "").toLowerCase();
    const resolved = transition === "" ? type === "success" : transition.includes("recovered");
    const tags = tagsOf(fields.text("tags"));
    const scope = fields.text("alertScope");
    const check = title.replace(/^(?:\[[^\]]{0,60}\]\s*)+/, "");
    const event = eventOfDraft(
      {
        source: "datadog",
        ci: pickCi(
          [fields.text("hostname"), tags["host"], tags["service"], tags["kube_deployment"], scope],
          context.isKnownCi,
        ),
        check: check === "" ? title : check,
        // The key groups what one monitor says, the scope tells the groups of a monitor apart.
        instance: [scope === "*" ? undefined : scope, fields.text("aggregKey")]
          .filter((part) => part !== undefined)
          .join(" "),
        status: resolved ? "resolved" : "firing",
        severity: severityWord(fields.text("alertPriority", "priority") ?? "") ?? BY_TYPE[type] ?? "major",
        // Without "[P2] [Triggered on {host:web-01}]": that is told elsewhere, and changes when it recovers.
        summary: check === "" ? title : check,
        at: anyTimeAt(fields.text("lastUpdated", "date")),
        labels: { ...tags, ...labelsFrom({ alert_id: fields.text("alertId"), cycle: fields.text("alertCycleKey") }) },
        annotations: labelsFrom({ description: fields.text("textOnlyMsg", "eventMsg", "body") }),
        links: linkTo(fields.text("link"), "monitor"),
      },
      context.now,
    );
    return { events: [event] };
  },
};
