import { alertmanager } from "./alertmanager/map.ts";
import { azure } from "./azure/map.ts";
import { cloudevents } from "./cloudevents/map.ts";
import { datadog } from "./datadog/map.ts";
import { gcp } from "./gcp/map.ts";
import { github } from "./github/map.ts";
import { gitlab } from "./gitlab/map.ts";
import { grafana } from "./grafana/map.ts";
import { kubernetes } from "./kubernetes/map.ts";
import { checkmk, icinga, nagios } from "./nagios/map.ts";
import { netdata } from "./netdata/map.ts";
import { nrdp } from "./nrdp/map.ts";
import { sentry } from "./sentry/map.ts";
import { uptimeKuma } from "./uptime-kuma/map.ts";
import type { WebhookKind } from "./webhook-kind.ts";
import { zabbix } from "./zabbix/map.ts";

/** Every kind that needs no configuration, beside SNS, which asks Amazon for its certificate. */
export const KINDS: readonly WebhookKind[] = [
  alertmanager,
  azure,
  checkmk,
  cloudevents,
  datadog,
  gcp,
  github,
  gitlab,
  grafana,
  icinga,
  kubernetes,
  nagios,
  netdata,
  nrdp,
  sentry,
  uptimeKuma,
  zabbix,
];

/** SNS by its own name, and by that of what usually comes through it. */
export const SNS_KINDS: readonly string[] = ["sns", "cloudwatch"];
