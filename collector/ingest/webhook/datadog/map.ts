import type { Severity } from "../../../core/model/severity.ts";
import { pickCi } from "../../ci-label.ts";
import { eventOfDraft } from "../../event-draft.ts";
import { anyTimeAt, documentOf, entryOf, labelsFrom, linkTo } from "../../field.ts";
import { severityWord } from "../../severity.ts";
import { LooseFields } from "../loose-fields.ts";
import { notOfKind, type WebhookKind, type WebhookMessage } from "../webhook-kind.ts";

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
 * What Datadog puts before a title: `[P2] [Triggered on {host:web-01}] CPU is high`. Other brackets are the monitor's own, and
 * tell it from others: `[Triggered] [prod] CPU is high`.
 */
const BEFORE_TITLE =
  /^(?:\[(?:P[1-5]|test|(?:re-)?(?:triggered|warn|no data)|recovered|renotify|(?:warn|no data) recovered|muted|null)(?![\w-])[^\]]{0,200}\]\s*)+/i;

/** Without a template Datadog sends its title, and no variable that would say the same. */
function saidInTitle(title: string): { transition: string; scope: string | undefined; priority: string | undefined } {
  const said = BEFORE_TITLE.exec(title)?.[0] ?? "";
  return {
    transition:
      /\[(recovered|triggered|re-triggered|warn|re-warn|no data|re-no data|renotify)\b/i.exec(said)?.[1] ?? "",
    scope: /\{([^{}]{1,180})\}/.exec(said)?.[1],
    priority: /\[(P[1-5])\]/.exec(said)?.[1],
  };
}

/** JSON, or a form with the same fields ("Encode as form"). */
function bodyOf(message: WebhookMessage): unknown {
  const form = Object.fromEntries(message.form());
  return Object.keys(form).length > 0 ? form : message.json();
}

/**
 * Datadog: its webhooks send what their template says, so we publish one (docs/guide/webhooks.md); any spelling of the
 * variables' names is read. `$ALERT_TRANSITION` and `$ALERT_TYPE` tell whether it fires, without them the title.
 */
export const datadog: WebhookKind = {
  name: "datadog",
  map(message, context) {
    const body = bodyOf(message);
    const fields = new LooseFields(body);
    const title = fields.text("eventTitle", "title", "alertTitle");
    if (documentOf(body) === undefined || title === undefined) throw notOfKind("datadog", "$EVENT_TITLE is expected");
    const said = saidInTitle(title);
    const transition = (fields.text("alertTransition") ?? said.transition).toLowerCase();
    const type = (fields.text("alertType") ?? "").toLowerCase();
    const resolved = transition === "" ? type === "success" : transition.includes("recovered");
    const tags = tagsOf(fields.text("tags"));
    const scope = fields.text("alertScope") ?? said.scope;
    const { host } = tagsOf(scope);
    const text = title.replace(BEFORE_TITLE, "");
    const check = text === "" ? title : text;
    const event = eventOfDraft(
      {
        source: "datadog",
        ci: pickCi(
          [fields.text("hostname"), tags["host"], host, tags["service"], tags["kube_deployment"], scope, check],
          context.isKnownCi,
        ),
        check,
        // The key groups what one monitor says, the scope tells the groups of a monitor apart.
        instance: [scope === "*" ? undefined : scope, fields.text("aggregKey")]
          .filter((part) => part !== undefined)
          .join(" "),
        status: resolved ? "resolved" : "firing",
        severity:
          severityWord(fields.text("alertPriority", "priority") ?? said.priority ?? "") ??
          entryOf(BY_TYPE, type) ??
          "major",
        // Without "[P2] [Triggered on {host:web-01}]": that is told elsewhere, and changes when it recovers.
        summary: check,
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
