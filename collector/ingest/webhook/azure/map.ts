import type { Severity } from "../../../core/model/severity.ts";
import { pickCi } from "../../ci-label.ts";
import { eventOfDraft } from "../../event-draft.ts";
import { anyTimeAt, at, labelsFrom, linkTo, listOf, textAt } from "../../field.ts";
import { notOfKind, type WebhookKind } from "../webhook-kind.ts";

const SEVERITIES: Readonly<Record<string, Severity>> = {
  Sev0: "critical",
  Sev1: "major",
  Sev2: "minor",
  Sev3: "warning",
  Sev4: "info",
};

/** The last part of an ARM id: `/subscriptions/…/virtualMachines/web-01` is `web-01`. */
const lastPart = (id: string | undefined): string | undefined => id?.split("/").findLast((part) => part !== "");

/** Azure Monitor's common alert schema. */
export const azure: WebhookKind = {
  name: "azure",
  map(message, context) {
    const body = message.json();
    const essentials = at(body, "data", "essentials");
    const condition = textAt(at(essentials, "monitorCondition"));
    const rule = textAt(at(essentials, "alertRule"), 256);
    if (at(body, "schemaId") !== "azureMonitorCommonAlertSchema" || condition === undefined || rule === undefined)
      throw notOfKind("azure", "the common alert schema is expected; enable it in the action group");
    const target = textAt(listOf(at(essentials, "alertTargetIDs"))[0], 1024);
    const item = textAt(listOf(at(essentials, "configurationItems"))[0], 256);
    const alertId = textAt(at(essentials, "alertId"), 1024);
    const resolved = condition === "Resolved";
    const portal = target === undefined ? undefined : `https://portal.azure.com/#@/resource${target}`;
    const event = eventOfDraft(
      {
        source: "azure",
        ci: pickCi([lastPart(target), item, rule], context.isKnownCi, [target, target?.toLowerCase()]),
        check: rule,
        // One rule may watch many dimensions of a target, each with an alert of its own.
        instance: lastPart(alertId),
        status: resolved ? "resolved" : "firing",
        severity: SEVERITIES[textAt(at(essentials, "severity")) ?? ""] ?? "major",
        summary: textAt(at(essentials, "description"), 1024) ?? rule,
        at: anyTimeAt(at(essentials, resolved ? "resolvedDateTime" : "firedDateTime")),
        labels: labelsFrom({
          signal_type: at(essentials, "signalType"),
          monitoring_service: at(essentials, "monitoringService"),
          target,
        }),
        annotations: labelsFrom(at(body, "data", "customProperties")),
        links: linkTo(portal, "resource"),
      },
      context.now,
    );
    return { events: [event] };
  },
};
