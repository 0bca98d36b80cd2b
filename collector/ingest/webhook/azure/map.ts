import type { Severity } from "../../../core/model/severity.ts";
import { pickCi } from "../../ci-label.ts";
import { eventOfDraft } from "../../event-draft.ts";
import { anyTimeAt, at, entryOf, firstText, labelsFrom, linkTo, listOf, textAt } from "../../field.ts";
import { summaryOf } from "../../summary.ts";
import { notOfKind, type WebhookKind } from "../webhook-kind.ts";
import { healthOf } from "./health.ts";

const SEVERITIES: Readonly<Record<string, Severity>> = {
  Sev0: "critical",
  Sev1: "major",
  Sev2: "minor",
  Sev3: "warning",
  Sev4: "info",
};

/** The last part of an ARM id: `/subscriptions/…/virtualMachines/web-01` is `web-01`. */
const lastPart = (id: string | undefined): string | undefined => id?.split("/").findLast((part) => part !== "");

/** Label that holds Azure's id of an alert: one that is stateless has a new one each time that it fires. */
const KEY = "alert_id";

/** `Computer=web-01,Disk=sda`: what tells the alerts of one rule on one target apart, whichever time they fire. */
function dimensionsOf(criteria: readonly unknown[]): string {
  const dimensions = criteria.flatMap((criterion) =>
    listOf(at(criterion, "dimensions")).flatMap((dimension) => {
      const [name, value] = [textAt(at(dimension, "name"), 128), textAt(at(dimension, "value"), 512)];
      return name === undefined || value === undefined ? [] : [`${name}=${lastPart(value) ?? value}`];
    }),
  );
  return [...new Set(dimensions)].sort().join().slice(0, 256);
}

/** Of a Prometheus rule, which has labels in the place of dimensions. */
function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).filter(([name]) => name !== "alertname" && name !== "severity");
  return pairs
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join()
    .slice(0, 256);
}

/** `Percentage CPU: Average is 97.2, GreaterThan 90`: what the rule saw; "" where it tells no figure. */
function measured(criteria: readonly unknown[]): string {
  for (const criterion of criteria) {
    const [value, threshold] = [textAt(at(criterion, "metricValue")), textAt(at(criterion, "threshold"))];
    const name = firstText(at(criterion, "metricName"), at(criterion, "metricMeasureColumn")) ?? "result";
    if (value === undefined || threshold === undefined) continue;
    const how = textAt(at(criterion, "timeAggregation")) ?? "value";
    return `${name}: ${how} is ${value}, ${textAt(at(criterion, "operator")) ?? "limit"} ${threshold}`;
  }
  return "";
}

/** Azure Monitor's common alert schema. */
export const azure: WebhookKind = {
  name: "azure",
  keyLabel: KEY,
  map(message, context) {
    const body = message.json();
    const essentials = at(body, "data", "essentials");
    const about = at(body, "data", "alertContext");
    const condition = textAt(at(essentials, "monitorCondition"));
    // A budget has no rule.
    const budget = textAt(at(about, "AlertData", "BudgetName"), 256);
    const rule = textAt(at(essentials, "alertRule"), 256) ?? budget;
    if (at(body, "schemaId") !== "azureMonitorCommonAlertSchema" || condition === undefined || rule === undefined)
      throw notOfKind("azure", "the common alert schema is expected; enable it in the action group");
    const target = textAt(listOf(at(essentials, "alertTargetIDs"))[0], 1024);
    const item = textAt(listOf(at(essentials, "configurationItems"))[0], 1024);
    const key = lastPart(textAt(at(essentials, "alertId"), 1024));
    // The oldest rules on logs have their dimensions beside the criteria that they lack.
    const older = at(about, "Dimensions") === undefined ? [] : [{ dimensions: at(about, "Dimensions") }];
    const criteria = [...listOf(at(about, "condition", "allOf")), ...older];
    const health = healthOf(about);
    const labels = labelsFrom(at(about, "labels"));
    const resolved = condition === "Resolved" || health?.isOver === true;
    const known = resolved && key !== undefined ? context.openAlert(key) : undefined;
    // A subscription is no thing that fails.
    const resource = target?.includes("/providers/") === true ? target : undefined;
    const portal = resource === undefined ? undefined : `https://portal.azure.com/#@/resource${resource}`;
    const event = eventOfDraft(
      {
        source: "azure",
        ci:
          known?.ci ??
          pickCi([lastPart(item), lastPart(resource), rule], context.isKnownCi, [target, target?.toLowerCase()]),
        check: known?.check ?? rule,
        instance: known?.instance ?? (health?.instance || dimensionsOf(criteria) || labelsText(labels)),
        status: resolved ? "resolved" : "firing",
        severity:
          health?.severity ??
          entryOf(SEVERITIES, textAt(at(essentials, "severity"))) ??
          (budget === undefined ? "major" : "warning"),
        summary:
          firstText(
            at(essentials, "description"),
            at(about, "properties", "title"),
            at(about, "annotations", "summary"),
            at(about, "annotations", "description"),
          ) ?? summaryOf(rule, measured(criteria)),
        at: anyTimeAt(at(essentials, resolved ? "resolvedDateTime" : "firedDateTime")),
        labels: {
          ...labels,
          ...labelsFrom({
            signal_type: at(essentials, "signalType"),
            monitoring_service: at(essentials, "monitoringService"),
            target,
            [KEY]: key,
          }),
        },
        annotations: {
          ...labelsFrom({ measured: measured(criteria) }),
          ...labelsFrom(at(body, "data", "customProperties")),
        },
        links: [
          ...linkTo(at(essentials, "investigationLink"), "alert"),
          ...linkTo(
            at(criteria[0], "linkToFilteredSearchResultsUI") ?? at(about, "LinkToFilteredSearchResultsUI"),
            "results",
          ),
          ...linkTo(portal, "resource"),
        ],
      },
      context.now,
    );
    return { events: [event] };
  },
};
