import { cut, at, linkTo, listOf } from "../../field.ts";
import type { PreparedAlert } from "../../prometheus-alert.ts";
import { groupedAlerts } from "../alertmanager/map.ts";
import { isHmacHex } from "../signature.ts";
import { notOfKind, type WebhookKind } from "../webhook-kind.ts";

/** A rule without data or with an error comes under a name of Grafana's own; the rule is what is ill. */
const STAND_INS: ReadonlySet<string> = new Set(["DatasourceNoData", "DatasourceError"]);

function adapted(prepared: PreparedAlert, alert: unknown): PreparedAlert & { source: string } {
  const rule = prepared.labels["rulename"];
  const standsIn = STAND_INS.has(prepared.check) && rule !== undefined;
  const links = [
    ...prepared.links,
    ...linkTo(at(alert, "panelURL"), "panel"),
    ...linkTo(at(alert, "dashboardURL"), "dashboard"),
    ...linkTo(at(alert, "imageURL"), "image"),
  ];
  return {
    ...prepared,
    source: "grafana",
    check: standsIn ? rule : prepared.check,
    // Where nothing names a CI it is the alert's name, which all rules without data share.
    ci: standsIn && prepared.ci === prepared.check ? cut(rule, 256) : prepared.ci,
    summary: standsIn
      ? cut(`${rule}: ${prepared.check === "DatasourceNoData" ? "no data" : "error of the data source"}`, 1024)
      : prepared.summary,
    links,
  };
}

const isTest = (labels: unknown): boolean =>
  at(labels, "alertname") === "TestAlert" && at(labels, "instance") === "Grafana";

/** Grafana's unified alerting: Alertmanager's shape, version 1. Signed by HMAC where the contact point has a secret. */
export const grafana: WebhookKind = {
  name: "grafana",
  map(message, context) {
    const body = message.json();
    const alerts = at(body, "alerts");
    if (!Array.isArray(alerts)) throw notOfKind("grafana", "a list `alerts` is expected");
    // What the button "Test" sends: it would never end.
    if (alerts.length === 1 && isTest(at(alerts[0], "labels"))) return { events: [], dropped: { test: 1 } };
    return groupedAlerts({ alerts: listOf(alerts), truncatedAlerts: at(body, "truncatedAlerts") }, context, adapted);
  },
  isSigned(message, secrets) {
    const signature = message.header("x-grafana-alerting-signature");
    if (signature === undefined) return false;
    const timestamp = message.header("x-grafana-alerting-timestamp");
    const content =
      timestamp === undefined ? message.bytes : Buffer.concat([Buffer.from(`${timestamp}:`), message.bytes]);
    return isHmacHex("sha256", secrets, content, signature);
  },
};
