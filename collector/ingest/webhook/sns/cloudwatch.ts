import type { Event } from "../../../core/model/event.ts";
import { type IsKnownCi, pickCi } from "../../ci-label.ts";
import { eventOfDraft } from "../../event-draft.ts";
import { anyTimeAt, at, labelsFrom, linkTo, listOf, textAt } from "../../field.ts";
import { summaryOf } from "../../summary.ts";
import type { MapContext } from "../webhook-kind.ts";

/** Dimensions that name the thing that is ill, most telling first; others come after in their order. */
const DIMENSIONS = [
  "InstanceId",
  "DBInstanceIdentifier",
  "DBClusterIdentifier",
  "LoadBalancer",
  "TargetGroup",
  "CacheClusterId",
  "QueueName",
  "TopicName",
  "FunctionName",
  "ServiceName",
  "ClusterName",
  "TableName",
  "FileSystemId",
  "VolumeId",
  "AutoScalingGroupName",
];

function dimensionsOf(alarm: unknown): Record<string, string> {
  const pairs = listOf(at(alarm, "Trigger", "Dimensions")).map((dimension) => [
    textAt(at(dimension, "name") ?? at(dimension, "Name"), 100) ?? "",
    at(dimension, "value") ?? at(dimension, "Value"),
  ]);
  return labelsFrom(Object.fromEntries(pairs));
}

function ciOf(dimensions: Readonly<Record<string, string>>, otherwise: string, isKnown: IsKnownCi): string {
  const first = DIMENSIONS.flatMap((name) => dimensions[name] ?? []);
  const rest = Object.keys(dimensions).flatMap((name) => (DIMENSIONS.includes(name) ? [] : (dimensions[name] ?? [])));
  return pickCi([...first, ...rest, otherwise], isKnown);
}

/** Whether the text of a notification is CloudWatch's change of an alarm. */
export const isAlarm = (content: unknown): boolean =>
  textAt(at(content, "AlarmName")) !== undefined && textAt(at(content, "NewStateValue")) !== undefined;

/** The event of an alarm's change; `noData` where the alarm cannot tell, which is neither good nor bad. */
export function eventOfAlarm(alarm: unknown, messageId: string | undefined, context: MapContext): Event | "noData" {
  const state = textAt(at(alarm, "NewStateValue"));
  if (state !== "ALARM" && state !== "OK") return "noData";
  const name = textAt(at(alarm, "AlarmName"), 256) ?? "alarm";
  const arn = textAt(at(alarm, "AlarmArn"), 1024);
  const region = arn?.split(":")[3];
  const account = textAt(at(alarm, "AWSAccountId"));
  const dimensions = dimensionsOf(alarm);
  const url =
    region !== undefined && /^[a-z0-9-]{3,30}$/.test(region)
      ? `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#alarmsV2:alarm/${encodeURIComponent(name.toWellFormed())}`
      : undefined;
  return eventOfDraft(
    {
      id: messageId,
      source: "cloudwatch",
      ci: ciOf(dimensions, name, context.isKnownCi),
      check: name,
      // One name may be used in every region and account.
      instance: [account, region].filter((part) => part !== undefined).join("/"),
      status: state === "ALARM" ? "firing" : "resolved",
      severity: "major",
      summary: summaryOf(name, textAt(at(alarm, "NewStateReason"), 1024)),
      at: anyTimeAt(at(alarm, "StateChangeTime")),
      labels: {
        ...dimensions,
        ...labelsFrom({
          account,
          region,
          namespace: at(alarm, "Trigger", "Namespace"),
          metric: at(alarm, "Trigger", "MetricName"),
        }),
      },
      annotations: labelsFrom({ description: at(alarm, "AlarmDescription"), alarm_arn: arn }),
      links: linkTo(url, "alarm"),
    },
    context.now,
  );
}
