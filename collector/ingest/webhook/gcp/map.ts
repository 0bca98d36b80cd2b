import { pickCi } from "../../ci-label.ts";
import { eventOfDraft } from "../../event-draft.ts";
import { anyTimeAt, at, firstText, labelsFrom, linkTo, textAt } from "../../field.ts";
import { severityWord } from "../../severity.ts";
import { notOfKind, type WebhookKind } from "../webhook-kind.ts";

/** Labels of a monitored resource that name the thing, most telling first. */
const RESOURCE_LABELS = [
  "instance_name",
  "node_name",
  "pod_name",
  "instance_id",
  "database_id",
  "service_name",
  "cluster_name",
  "bucket_name",
  "subscription_id",
  "host",
];

/** Google Cloud Monitoring's webhook, version 1.2. */
export const gcp: WebhookKind = {
  name: "gcp",
  map(message, context) {
    const body = message.json();
    const incident = at(body, "incident");
    // What "Test connection" sends: an incident that never ends.
    if (textAt(at(body, "version")) === "test") return { events: [], dropped: { test: 1 } };
    const state = textAt(at(incident, "state"))?.toLowerCase();
    const id = textAt(at(incident, "incident_id"), 128);
    if (state === "acknowledged") return { events: [], dropped: { noChange: 1 } };
    if (id === undefined || (state !== "open" && state !== "closed"))
      throw notOfKind("gcp", "an incident with incident_id and state is expected");
    const resource = at(incident, "resource", "labels");
    const metric = at(incident, "metric", "labels");
    const named = RESOURCE_LABELS.flatMap((name) => [textAt(at(metric, name)), textAt(at(resource, name))]);
    const resolved = state === "closed";
    const policy = textAt(at(incident, "policy_name"), 256);
    const event = eventOfDraft(
      {
        source: "gcp",
        ci: pickCi(
          [...named, textAt(at(incident, "resource_display_name")), textAt(at(incident, "resource_name")), policy],
          context.isKnownCi,
        ),
        check: firstText(at(incident, "condition_name"), policy) ?? "incident",
        instance: id,
        status: resolved ? "resolved" : "firing",
        // Policies are older than their severity, and say "No severity" where it was never set.
        severity:
          severityWord(textAt(at(incident, "severity")) ?? "") ??
          severityWord(textAt(at(incident, "policy_user_labels", "severity")) ?? "") ??
          "major",
        summary: textAt(at(incident, "summary"), 1024) ?? policy ?? "incident",
        at: anyTimeAt(at(incident, resolved ? "ended_at" : "started_at")),
        labels: {
          ...labelsFrom(at(incident, "policy_user_labels")),
          ...labelsFrom({
            policy,
            metric: at(incident, "metric", "type"),
            resource_type: at(incident, "resource", "type"),
          }),
        },
        annotations: labelsFrom({ documentation: at(incident, "documentation", "content") }),
        links: linkTo(at(incident, "url"), "incident"),
      },
      context.now,
    );
    return { events: [event] };
  },
};
